-- Guests wait in a lobby for the first authenticated user and are then let in.
local jid = require "util.jid"
local usermanager = require "core.usermanager"

local domain = module:get_option_string("muc_mapper_domain_base")

module:hook("muc-occupant-pre-join", function(event)
	local room, occupant = event.room, event.occupant
	if room.has_host or usermanager.is_admin(occupant.bare_jid, module.host) then return end
	if jid.host(occupant.bare_jid) == domain then
		room.has_host = true
		room:set_members_only(false)
		room:set_persistent(false)
		occupant.role = room:get_default_role(room:get_affiliation(occupant.bare_jid)) or "participant"
		prosody.events.fire_event("destroy-lobby-room", { room = room, newjid = room.jid, message = "Host arrived." })
	elseif not room:get_members_only() then
		prosody.events.fire_event("create-persistent-lobby-room", {
			room = room, reason = "waiting-for-host", skip_display_name_check = true,
		})
	end
end)
