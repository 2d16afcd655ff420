-- Lets in whoever brings a token signed with app_secret.
local formdecode = require "util.http".formdecode
local jwt = require "util.jwt"
local new_sasl = require "util.sasl".new

local id = module:get_option_string("app_id")
local secret = module:get_option_string("app_secret")
local allow_empty = module:get_option_boolean("allow_empty_token", false)
local issuers = module:get_option_set("asap_accepted_issuers", { id })
local audiences = module:get_option_set("asap_accepted_audiences", { "*" })

if not id or not secret then
	module:log("error", "app_id and app_secret must not be empty")
	return
end

-- For every session whatever its domain, and before anything is verified: as in Jitsi's own module, a guest can
-- have an auth_token too. Only the domain of an address tells who has logged in.
local function take_token(event)
	local params = formdecode(event.request.url.query or "")
	if type(params) ~= "table" then return end
	event.session.auth_token = params.token
	event.session.jitsi_web_query_room = params.room
end
module:hook_global("bosh-session", take_token)
module:hook_global("websocket-session", take_token)

local function verify(token)
	local ok, claims = jwt.verify(secret, token)
	if not ok then return nil, claims end
	local now = os.time()
	if claims.exp ~= nil and (type(claims.exp) ~= "number" or now >= claims.exp) then return nil, "expired" end
	if claims.nbf ~= nil and (type(claims.nbf) ~= "number" or now < claims.nbf) then return nil, "not valid yet" end
	if claims.iss == nil or not issuers:contains(claims.iss) then return nil, "issuer not accepted" end
	if claims.room == nil then return nil, "no room" end
	if claims.aud == nil then return nil, "no audience" end
	if not audiences:contains("*") and not audiences:contains(claims.aud) then return nil, "audience not accepted" end
	return claims
end

local function authenticate(session)
	if session.auth_token == nil then
		if allow_empty then return true end
		return false, "not-allowed", "token required"
	end
	local claims, reason = verify(session.auth_token)
	if not claims then
		module:log("warn", "token refused: %s", reason)
		session.auth_token = nil
		return false, "not-allowed", reason
	end
	session.jitsi_meet_room = claims.room
	session.jitsi_meet_domain = claims.sub
	local context = type(claims.context) == "table" and claims.context or {}
	session.jitsi_meet_context_user = context.user
	session.jitsi_meet_context_group = context.group
	session.jitsi_meet_context_features = context.features
	return true
end

local provider = {}
for _, name in ipairs { "test_password", "get_password", "set_password", "user_exists", "create_user", "delete_user" } do
	provider[name] = function() return nil, "not supported" end
end

function provider.get_sasl_handler(session)
	local handler = new_sasl(module.host, { anonymous = function() return true end })
	local process = handler.process
	function handler:process(message)
		local ok, condition, text = authenticate(session)
		if not ok then return "failure", condition, text end
		return process(self, message)
	end
	return handler
end

module:provides("auth", provider)
