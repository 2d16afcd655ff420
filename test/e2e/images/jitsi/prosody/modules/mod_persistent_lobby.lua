-- A room whose lobby was opened by the server stays while somebody waits, even when nobody is in it.
local main_host = module:get_option_string("main_muc")
local lobby_host = module:get_option_string("lobby_muc")

if not lobby_host then
	module:log("error", "lobby not enabled missing lobby_muc config")
	return
end

module:hook_global("create-persistent-lobby-room", function(event)
	prosody.events.fire_event("create-lobby-room", event)
	event.room._data.persist_lobby = true
	event.room:set_persistent(true)
end)

module:hook_global("server-started", function()
	local main, lobby = prosody.hosts[main_host].modules.muc, prosody.hosts[lobby_host].modules.muc
	local function perhaps(room)
		if not room or not room._data.persist_lobby or room:has_occupant() then return end
		local waiting = room._data.lobbyroom and lobby.get_room_from_jid(room._data.lobbyroom)
		if waiting and waiting:has_occupant() then return end
		room._data.persist_lobby = false
		room:set_persistent(false)
		room:destroy()
	end
	module:context(main_host):hook("muc-occupant-left", function(event) perhaps(event.room) end, -10)
	module:context(lobby_host):hook("muc-occupant-left", function(event)
		perhaps(event.room.main_room_jid and main.get_room_from_jid(event.room.main_room_jid))
	end, -10)
end)
