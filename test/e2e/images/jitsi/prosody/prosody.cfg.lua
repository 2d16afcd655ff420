-- What the real image writes from its environment, as far as it is imitated here. Prosody reads variables itself.

local function get(value, default) return value ~= nil and value ~= "" and value or default end
local function bool(value, default)
	value = get(value, default and "true" or "false"):lower()
	return value == "1" or value == "t" or value == "true"
end
local function list(value)
	local parts = {}
	for part in get(value, ""):gmatch("[^,]+") do parts[#parts + 1] = part end
	return parts
end
local function extend(modules, more)
	for _, name in ipairs(more) do modules[#modules + 1] = name end
	return modules
end

local domain = get(ENV_XMPP_DOMAIN, "meet.jitsi")
local auth_domain = get(ENV_XMPP_AUTH_DOMAIN, "auth.meet.jitsi")
local muc_domain = get(ENV_XMPP_MUC_DOMAIN, "muc.meet.jitsi")
local lobby_domain = "lobby." .. domain
local focus = "focus@" .. auth_domain
local bridge = get(ENV_JVB_AUTH_USER, "jvb") .. "@" .. auth_domain
local auth = bool(ENV_ENABLE_AUTH, false)
local jwt = auth and get(ENV_PROSODY_AUTH_TYPE, get(ENV_AUTH_TYPE, "internal")) == "jwt"
local lobby = bool(ENV_ENABLE_LOBBY, true)
local websocket = bool(ENV_ENABLE_XMPP_WEBSOCKET, true)
local encrypted = bool(ENV_PROSODY_C2S_REQUIRE_ENCRYPTION, true)
local certificates = "/run/prosody/config/certs/"
local function certificate(host)
	return { key = certificates .. host .. ".key", certificate = certificates .. host .. ".crt" }
end

admins = { focus, bridge }
unlimited_jids = { focus, bridge }
component_admins_as_room_owners = true
plugin_paths = { "/prosody-plugins-custom", "/prosody-plugins/", "/prosody-plugins-contrib" }
muc_mapper_domain_base = domain
muc_mapper_domain_prefix = muc_domain:match("^[^.]+")
http_default_host = domain
consider_bosh_secure = true
consider_websocket_secure = true
trusted_proxies = list(get(ENV_PROSODY_TRUSTED_PROXIES, "127.0.0.1,::1"))
local modules = {
	"roster", "saslauth", "tls", "disco", "private", "version", "ping", "limits", "posix", "http_health",
}
if get(ENV_TURN_HOST) or get(ENV_TURNS_HOST) then extend(modules, { "external_services" }) end
modules_enabled = extend(modules, list(ENV_GLOBAL_MODULES))
modules_disabled = { "offline", "register", "s2s" }
limits = { c2s = { rate = get(ENV_PROSODY_C2S_LIMIT, "10kb/s") } }
pidfile = "/run/prosody/prosody.pid"
c2s_require_encryption = encrypted
c2s_ports = { tonumber(get(ENV_XMPP_PORT, "5222")) }
http_ports = { tonumber(get(ENV_PROSODY_HTTP_PORT, "5280")) }
http_interfaces = { "*", "::" }
https_ports = {}
component_ports = {}
authentication = "internal_hashed"
data_path = "/var/lib/prosody/data"
log = { { levels = { min = get(ENV_LOG_LEVEL, "info") }, timestamps = "%Y-%m-%d %X", to = "console" } }

if get(ENV_TURN_CREDENTIALS) then external_service_secret = ENV_TURN_CREDENTIALS end
local services = {}
local function relay(kind, host, port, transport)
	services[#services + 1] = {
		type = kind, host = host, port = tonumber(port), transport = transport,
		ttl = tonumber(get(ENV_TURN_TTL, "86400")),
		secret = get(ENV_TURN_CREDENTIALS) and true or nil, algorithm = get(ENV_TURN_CREDENTIALS) and "turn" or nil,
		username = get(ENV_TURN_USERNAME), password = get(ENV_TURN_PASSWORD),
	}
end
if get(ENV_STUN_HOST) then
	services[1] = { type = "stun", host = ENV_STUN_HOST, port = tonumber(get(ENV_STUN_PORT, "443")), transport = "udp" }
end
for _, host in ipairs(list(ENV_TURN_HOST)) do
	for _, transport in ipairs(list(get(ENV_TURN_TRANSPORT, "tcp"))) do
		relay("turn", host, get(ENV_TURN_PORT, "443"), transport)
	end
end
for _, host in ipairs(list(ENV_TURNS_HOST)) do relay("turns", host, get(ENV_TURNS_PORT, "443"), "tcp") end
external_services = services

VirtualHost(domain)
	if jwt then
		authentication = get(ENV_JWT_AUTH_TYPE, "token")
		app_id = ENV_JWT_APP_ID
		app_secret = ENV_JWT_APP_SECRET
		allow_empty_token = bool(ENV_JWT_ALLOW_EMPTY, false)
		enable_domain_verification = bool(ENV_JWT_ENABLE_DOMAIN_VERIFICATION, false)
		if get(ENV_JWT_ACCEPTED_ISSUERS) then asap_accepted_issuers = list(ENV_JWT_ACCEPTED_ISSUERS) end
		if get(ENV_JWT_ACCEPTED_AUDIENCES) then asap_accepted_audiences = list(ENV_JWT_ACCEPTED_AUDIENCES) end
	elseif not auth then
		authentication = "anonymous"
	end
	ssl = certificate(domain)
	local main = extend({ "bosh" }, list(ENV_XMPP_MODULES))
	if websocket then extend(main, { "websocket", "smacks" }) end
	if lobby then extend(main, { "muc_lobby_rooms" }) end
	modules_enabled = main
	main_muc = muc_domain
	lobby_muc = lobby and lobby_domain or nil

if auth and bool(ENV_ENABLE_GUESTS, false) then
	VirtualHost(get(ENV_XMPP_GUEST_DOMAIN, "guest.meet.jitsi"))
		authentication = "anonymous"
		modules_enabled = extend({}, list(ENV_XMPP_MODULES))
		main_muc = muc_domain
		lobby_muc = lobby and lobby_domain or nil
end

VirtualHost(auth_domain)
	ssl = certificate(auth_domain)
	modules_enabled = { "register_setup" }
	authentication = "internal_hashed"

local function rooms(host, names)
	Component(host)("muc")
	storage = "memory"
	restrict_room_creation = true
	muc_room_locking = false
	muc_room_default_public_jids = true
	muc_room_allow_persistent = false
	muc_tombstones = false
	modules_enabled = names
end

rooms(get(ENV_XMPP_INTERNAL_MUC_DOMAIN, "internal-muc.meet.jitsi"), list(ENV_XMPP_INTERNAL_MUC_MODULES))

local main_modules = list(ENV_XMPP_MUC_MODULES)
if jwt then extend(main_modules, { get(ENV_JWT_TOKEN_AUTH_MODULE, "token_verification") }) end
if get(ENV_MAX_PARTICIPANTS) then extend(main_modules, { "muc_max_occupants" }) end
rooms(muc_domain, main_modules)
	main_host = domain
	muc_access_whitelist = { focus }
	muc_max_occupants = tonumber(get(ENV_MAX_PARTICIPANTS))

if lobby then rooms(lobby_domain, list(ENV_XMPP_LOBBY_MUC_MODULES)) end

Component("focus." .. domain)("client_proxy")
	target_address = focus
