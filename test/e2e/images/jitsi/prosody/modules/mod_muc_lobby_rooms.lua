-- A lobby is a second room: whoever isn't a member of the first waits there. Owners of the first are its owners.
local jid = require "util.jid"
local st = require "util.stanza"

local main_host = module:get_option_string("main_muc")
local lobby_host = module:get_option_string("lobby_muc")
local jitmeet = "http://jitsi.org/jitmeet"
local muc_ns = "http://jabber.org/protocol/muc"

-- Components are loaded after this host. The handler returns nothing, since anything else would end the event.
local function when_muc(host, callback)
	module:hook_global("server-started", function() callback(prosody.hosts[host].modules.muc, module:context(host)) end)
end

local main, lobby

local function open(event)
	local room = event.room
	for _, occupant in room:each_occupant() do
		if (room:get_affiliation(occupant.bare_jid) or "none") == "none" then
			room:set_affiliation(true, occupant.bare_jid, "member")
		end
	end
	room:set_members_only(true)
	room._data.lobby_extra_reason = event.reason
	room._data.lobby_skip_display_name_check = event.skip_display_name_check
	if room._data.lobbyroom then return end
	local address = jid.node(room.jid) .. "@" .. lobby_host
	local waiting = lobby.get_room_from_jid(address) or lobby.create_room(address)
	waiting:set_persistent(true)
	waiting.main_room_jid = room.jid
	room._data.lobbyroom = address
	module:log("info", "lobby of %s opened", room.jid)
end

local function close(room, newjid, message)
	local waiting = room._data.lobbyroom and lobby.get_room_from_jid(room._data.lobbyroom)
	room._data.lobbyroom = nil
	if not waiting then return end
	waiting:set_persistent(false)
	waiting:destroy(newjid, message or "Lobby room closed.")
	module:log("info", "lobby of %s closed", room.jid)
end

module:hook_global("create-lobby-room", open)
module:hook_global("destroy-lobby-room", function(event) close(event.room, event.newjid, event.message) end)

when_muc(lobby_host, function(muc)
	lobby = muc
	module:add_identity("component", "lobbyrooms", lobby_host)
	muc.room_mt.get_affiliation = function(room, address)
		local found = room.main_room_jid and main.get_room_from_jid(room.main_room_jid)
		return found and found:get_affiliation(address) or "none"
	end
end)

when_muc(main_host, function(muc, context)
	main = muc

	-- An owner switches "members only" on or off.
	context:hook("muc-config-submitted", function(event)
		if jid.node(event.actor) == "focus" then return end
		if event.fields["muc#roomconfig_membersonly"] then
			if not event.room._data.lobbyroom then open { room = event.room } end
		elseif event.room._data.lobbyroom then
			close(event.room, event.room.jid)
		end
	end)
	context:hook("muc-room-destroyed", function(event) close(event.room) end, 1)
	context:hook("muc-disco#info", function(event)
		local address = event.room._data.lobbyroom
		if not address then return end
		table.insert(event.form, { name = "muc#roominfo_lobbyroom", label = "Lobby room jid", value = "" })
		event.formdata["muc#roominfo_lobbyroom"] = address
	end)

	-- Just before Prosody's own answer, which doesn't say where the lobby is.
	context:hook("muc-occupant-pre-join", function(event)
		local room, stanza = event.room, event.stanza
		if not room:get_members_only() or not room._data.lobbyroom then return end
		if jid.resource(event.occupant.nick) == "focus" then return end
		if not stanza:get_child_text("nick", "http://jabber.org/protocol/nick")
			and not room._data.lobby_skip_display_name_check then
			local reply = st.error_reply(stanza, "modify", "not-acceptable")
			reply.tags[1].attr.code = "406"
			event.origin.send(reply:tag("displayname-required", { xmlns = jitmeet, lobby = "true" }):up():up()
				:tag("x", { xmlns = muc_ns }))
			return true
		end
		if (room:get_affiliation(stanza.attr.from) or "none") ~= "none" then return end
		local reply = st.error_reply(stanza, "auth", "registration-required")
		reply.tags[1].attr.code = "407"
		if room._data.lobby_extra_reason then reply:tag(room._data.lobby_extra_reason, { xmlns = jitmeet }):up() end
		event.origin.send(reply:tag("lobbyroom", { xmlns = jitmeet }):text(room._data.lobbyroom):up():up()
			:tag("x", { xmlns = muc_ns }))
		return true
	end, -4)
end)
