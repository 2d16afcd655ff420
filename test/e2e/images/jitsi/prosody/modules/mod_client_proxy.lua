-- Passes clients' questions on to jicofo, with the asker's address as a resource of this component's, and its answers
-- back.
local jid = require "util.jid"
local st = require "util.stanza"

local target = module:get_option_string("target_address")
local user, host = jid.split(target)

local function session()
	local sessions = prosody.hosts[host].sessions[user]
	for resource, found in pairs(sessions and sessions.sessions or {}) do
		-- Without presence it is still about to start.
		if found.presence then return target .. "/" .. resource end
	end
end

local function pass(event)
	local origin, stanza = event.origin, event.stanza
	if stanza.name ~= "iq" then return true end
	local kind = stanza.attr.type
	if jid.bare(stanza.attr.from) == target then
		local asker = jid.resource(stanza.attr.to)
		if asker and (kind == "result" or kind == "error") then
			local answer = st.clone(stanza)
			answer.attr.from, answer.attr.to = module.host, asker
			module:send(answer)
		end
	elseif kind == "set" or kind == "get" then
		local to = session()
		if not to then
			origin.send(st.error_reply(stanza, "cancel", "service-unavailable"))
		else
			local question = st.clone(stanza)
			question.attr.from, question.attr.to = module.host .. "/" .. stanza.attr.from, to
			module:send(question)
		end
	end
	return true
end

for _, name in ipairs { "iq", "message", "presence" } do
	for _, kind in ipairs { "bare", "full", "host" } do module:hook(name .. "/" .. kind, pass, 1) end
end
