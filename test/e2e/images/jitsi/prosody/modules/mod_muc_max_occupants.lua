-- Refuses whoever would be one too many; jicofo doesn't count.
local jid = require "util.jid"
local st = require "util.stanza"

local uncounted = module:get_option_set("muc_access_whitelist", {})
local limit = module:get_option_number("muc_max_occupants", -1)

module:hook("muc-occupant-pre-join", function(event)
	local stanza = event.stanza
	if limit < 1 or uncounted:contains(jid.bare(stanza.attr.from)) then return end
	local count = 0
	for _, occupant in event.room:each_occupant() do
		if not uncounted:contains(occupant.bare_jid) then count = count + 1 end
	end
	if count < limit then return end
	event.origin.send(st.error_reply(stanza, "cancel", "service-unavailable"))
	return true
end, 10)
