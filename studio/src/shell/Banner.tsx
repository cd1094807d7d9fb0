import { Anchor, Text } from "@mantine/core";
import { Link, useLocation } from "@tanstack/react-router";
import { FlaskConical, WifiOff } from "lucide-react";
import { useLive } from "@/api/events";
import { useHealth } from "@/api/queries";
import { useWords } from "@/words";
import classes from "./Shell.module.css";

/** What everybody must know: pictures are made up, or the gateway is away. */
export function Banner() {
  const words = useWords().shell;
  const { data, isError } = useHealth();
  const connected = useLive((state) => state.connected);
  const { pathname } = useLocation();
  const lost = isError || connected === false;
  const none = data?.providers.every((one) => !one.set_up);
  return (
    <>
      {lost && (
        <div className={classes.banner} role="status">
          <WifiOff size={15} aria-hidden />
          {words.reconnecting}
        </div>
      )}
      {(data?.sandbox || none) && pathname !== "/welcome" && (
        <div className={classes.banner}>
          <FlaskConical size={15} className="warn" style={{ flex: "none" }} aria-hidden />
          <Text size="sm">
            <strong>{none ? words.noProvider : `${words.sandbox}.`}</strong> {none ? "" : words.sandboxText}{" "}
            <Anchor component={Link} to="/welcome" size="sm" c="inherit" td="underline">
              {words.sandboxHow}
            </Anchor>
          </Text>
        </div>
      )}
    </>
  );
}
