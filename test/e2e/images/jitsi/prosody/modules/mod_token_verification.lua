-- Lets a token open no other room than its own.
local jid = require "util.jid"
local st = require "util.stanza"

local parent = module:context(module:get_option_string("main_host"))
local verify_domain = parent:get_option_boolean("enable_domain_verification", false)
local prefix = module:get_option_string("muc_mapper_domain_prefix")

local function is_admin(address)
	return require "core.usermanager".is_admin(jid.bare(address), module.host)
end

local function matches(session, room_jid)
	local room, claim = jid.node(room_jid), session.jitsi_meet_room
	-- No claim: a guest, or an empty token where that is allowed.
	if claim == nil then return true end
	if claim ~= "*" and claim:lower() ~= room then return false end
	if not verify_domain then return true end
	local sub = session.jitsi_meet_domain
	return sub == "*" or (sub ~= nil and (prefix .. "." .. sub):lower() == jid.host(room_jid))
end

local function check(event)
	local session, stanza = event.origin, event.stanza
	if is_admin(stanza.attr.from) or matches(session, jid.bare(stanza.attr.to)) then return end
	module:log("error", "%s may not join %s with a token for %s", stanza.attr.from, stanza.attr.to, session.jitsi_meet_room)
	session.send(st.error_reply(stanza, "cancel", "not-allowed", "Room and token mismatched"))
	return true
end
module:hook("muc-room-pre-create", check, 99)
module:hook("muc-occupant-pre-join", check, 99)
