import { takeTurns } from "./turns";

takeTurns();
