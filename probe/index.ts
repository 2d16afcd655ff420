/**
 * What a browser or phone does with the media services, as functions: for the end-to-end tests, and for whoever
 * wants to know why a call doesn't work. Each answer is plain data; `ProbeError` is for wrong arguments and for
 * sessions that can't be set up.
 */
export { callsIceServers, type CallsIceServers, type MattermostAccess } from "./calls/ice";
export { joinCall } from "./calls/join";
export { type Failure, ProbeError, type Problem } from "./error";
export { type BridgeConference, bridgeEndpoint, bridgeHealth } from "./jitsi/bridge";
export { joinRoom, type RoomVisit } from "./jitsi/room";
export { type ExternalService, externalServices, type ExternalServices } from "./jitsi/services";
export { type JitsiAccess, type Refusal } from "./jitsi/xmpp";
export { type CandidateInfo, type SelectedPair } from "./media/pair";
export { type RtpCounts, type TransportPolicy } from "./media/peer";
export { type MediaSession } from "./media/session";
export { type ServedCertificate, servedCertificate } from "./net/certificate";
export { askHttp, askJson, type HttpAnswer, type JsonAnswer } from "./net/http";
export { tcpOpen, udpClosed } from "./net/reach";
export { type Trust } from "./net/trust";
export { type OpenWebsocket, websocketThroughProxy } from "./net/websocket";
export { type Carrying, type Endpoint, type Transport } from "./net/wire";
export { type RtcdAccount, rtcdRegister, rtcdSession, type RtcdVersion, rtcdVersion } from "./rtcd";
export { type Mapped, stunBinding } from "./stun/binding";
export { iceCheck, type IceCredentials } from "./stun/iceCheck";
export { allocate, type Allocation, type Received, type TurnServer } from "./turn/allocation";
export { type TurnCredentials, turnCredentials } from "./turn/credentials";
export { type Echoed, echoThroughTurn, type UdpEcho, udpEcho } from "./turn/echo";
export { type IceServer, turnServers } from "./turn/url";
