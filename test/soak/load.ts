/** People who write, upload, listen, call and meet, at a bounded pace, until they are told to stop. */
import { createHash, randomBytes } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import WebSocket from "ws";
import { fileForm } from "../e2e/client";
import { townSquare } from "../e2e/media/calls";
import type { MediaSite, Person } from "../e2e/media/site";
import { Activity, repeat, type Shift } from "./activity";
import type { Ledger } from "./ledger";
import { type Random, randomOf } from "./order";
import { Talks } from "./talks";

/** Between two messages of one person, on the average. */
const writeSeconds = 2;
/** One message of so many comes with a file. */
const perFile = 8;
const fileBytes = 64 * 1024;
/** Between two signs of life on a websocket, and how long one may take. */
const pingSeconds = 3;

export class Load {
  readonly messages = new Activity("messages written and read by another");
  readonly files = new Activity("files uploaded and read by another");
  readonly websockets = new Activity("answers on websockets");
  uploadedBytes = 0;
  private readonly shift: Shift = { over: false };
  private readonly talks: Talks;
  private working: Promise<unknown> = Promise.resolve();

  /** @param people at least four. */
  constructor(
    private readonly site: MediaSite,
    private readonly people: readonly Person[],
    private readonly ledger: Ledger,
    private readonly seed: number,
  ) {
    const [anna, ben, carla, dan] = people;
    if (anna === undefined || ben === undefined || carla === undefined || dan === undefined)
      throw new Error(`calls take four people; given: ${people.length}`);
    this.talks = new Talks(site, [anna, ben, carla, dan], this.shift);
  }

  get activities(): Activity[] {
    return [this.messages, this.files, this.websockets, ...this.talks.all];
  }

  async start(): Promise<void> {
    const channel = await townSquare(this.site, this.people[0]?.token ?? "");
    this.working = Promise.all([
      ...this.people.map((person, index) => this.write(person, index, channel)),
      ...this.people.map((person) =>
        repeat(
          this.shift,
          this.websockets,
          () => 1,
          () => this.listen(person),
        ),
      ),
      this.talks.go(),
    ]);
  }

  async stop(): Promise<void> {
    this.shift.over = true;
    await this.working;
  }

  /** Each person has a pace of their own, which the seed decides. */
  private write(person: Person, index: number, channel: string): Promise<void> {
    const random: Random = randomOf(this.seed + index);
    const reader = this.people[(index + 1) % this.people.length] ?? person;
    let written = 0;
    return repeat(
      this.shift,
      this.messages,
      () => writeSeconds * (0.5 + random()),
      async () => {
        written += 1;
        // Not everybody at once.
        const files =
          (written + index) % perFile === 0 ? [await this.upload(person, reader, channel, written)] : [];
        const message = `${person.name} ${written} é${"x".repeat(Math.floor(random() * 400))}`;
        const post = await this.site.ask<{ id: string }>(person.token, "/api/v4/posts", {
          channel_id: channel,
          message,
          file_ids: files,
        });
        const sum = createHash("md5").update(message).digest("hex");
        this.ledger.add({ kind: "message", id: post.id, sum, at: Date.now() });
        const read = await this.site.ask<{ message: string }>(reader.token, `/api/v4/posts/${post.id}`);
        if (read.message !== message) throw new Error(`${post.id} is read as something else`);
        this.messages.worked();
      },
    );
  }

  /** @returns its id. */
  private async upload(person: Person, reader: Person, channel: string, number: number): Promise<string> {
    // Letters, which come back as they were through a client that reads texts.
    const content = Buffer.from(randomBytes(fileBytes / 2).toString("hex"));
    const { headers, body } = fileForm(channel, `${person.name}-${number}.txt`, content);
    try {
      const answer = await this.site.chat.ask("/api/v4/files", {
        method: "POST",
        headers: { Authorization: `Bearer ${person.token}`, ...headers },
        body,
      });
      if (answer.status !== 201) throw new Error(`upload: ${answer.status} ${answer.body}`);
      const [info] = (JSON.parse(answer.body) as { file_infos: { id: string }[] }).file_infos;
      const id = info?.id ?? "";
      const sum = createHash("sha256").update(content).digest("hex");
      this.ledger.add({ kind: "file", id, sum, at: Date.now() });
      this.uploadedBytes += content.length;
      const read = await this.site.chat.ask(`/api/v4/files/${id}`, {
        headers: { Authorization: `Bearer ${reader.token}` },
      });
      if (read.status !== 200 || read.body !== content.toString())
        throw new Error(`download of ${id}: ${read.status}`);
      this.files.worked();
      return id;
    } catch (error) {
      this.files.failed(error);
      throw error;
    }
  }

  /** A websocket as the page has it, until it breaks. */
  private async listen({ token }: Person): Promise<void> {
    const socket = new WebSocket(`${this.site.chatUrl.replace("https", "wss")}/api/v4/websocket`, {
      ...this.site.trust,
      handshakeTimeout: 5000,
    });
    let answered = 0;
    let broken = "";
    socket.on("error", (error) => (broken = error.message));
    socket.on("close", () => (broken ||= "the websocket was closed"));
    socket.on("message", (data: Buffer) => {
      const { seq_reply: reply } = JSON.parse(data.toString("utf8")) as { seq_reply?: number };
      if (reply !== undefined) answered = reply;
    });
    try {
      for (let seq = 1; !this.shift.over; seq++) {
        if (socket.readyState === WebSocket.OPEN)
          socket.send(
            JSON.stringify(
              seq === 1
                ? { seq, action: "authentication_challenge", data: { token } }
                : { seq, action: "ping" },
            ),
          );
        else seq -= 1;
        await pause(pingSeconds * 1000);
        if (broken !== "") throw new Error(broken);
        if (seq > 0 && answered < seq) throw new Error("no answer on the websocket");
        if (seq > 0) this.websockets.worked();
      }
    } finally {
      socket.terminate();
    }
  }
}
