import { Alert, Button, Table, Text, Title } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { problemOf } from "@/api/client";
import { revokeKey, useKeys } from "@/api/gateway";
import { useLook } from "@/look";
import { ago } from "@/numbers";
import { CodeBlock } from "@/ui/CodeBlock";
import { Confirm } from "@/ui/Confirm";
import { ProblemText } from "@/ui/ProblemText";
import { ScrollX } from "@/ui/ScrollX";
import { tellTrouble } from "@/ui/tellTrouble";
import { useWords } from "@/words";
import { KeyForm } from "./KeyForm";
import classes from "./Settings.module.css";

type Key = NonNullable<ReturnType<typeof useKeys>["data"]>[number];

/** Who may use the gateway. Only its admins see this. */
export function Keys() {
  const words = useWords().settings;
  const { data: keys, error } = useKeys();
  const [made, setMade] = useState<{ name: string; key: string } | null>(null);
  const refused = error ? problemOf(error) : null;
  return (
    <section className={classes.block}>
      <Title order={2} size="h4">
        {words.keys}
      </Title>
      {refused?.code === "scope_missing" ? (
        <Text size="sm">{words.notAdmin}</Text>
      ) : (
        <>
          <Text size="sm" className="quiet">
            {words.keysText}
          </Text>
          {refused && <ProblemText problem={refused} compact />}
          {keys && <List keys={keys} />}
          {made && (
            <Alert color="indigo" variant="light" role="status">
              <Text size="sm" mb={6}>
                {words.newKey(made.name)}
              </Text>
              <CodeBlock text={made.key} />
            </Alert>
          )}
          {keys && <KeyForm onMade={(name, key) => setMade({ name, key })} />}
        </>
      )}
    </section>
  );
}

function List({ keys }: { keys: Key[] }) {
  const words = useWords().settings;
  const language = useLook((look) => look.language);
  const client = useQueryClient();
  const [revoking, setRevoking] = useState<Key | null>(null);
  if (!keys.length) return <Text size="sm">{words.noKeys}</Text>;
  return (
    <ScrollX label={words.keys}>
      <Table fz="sm">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{words.keyName}</Table.Th>
            <Table.Th>{words.scopes}</Table.Th>
            <Table.Th>{words.used}</Table.Th>
            <Table.Td />
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {keys.map((one) => (
            <Table.Tr key={one.id}>
              <Table.Td>
                {one.name} <span className="quiet mono">…{one.hint}</span>
              </Table.Td>
              <Table.Td>{one.scopes.map((scope) => words.scope[scope]).join(", ")}</Table.Td>
              <Table.Td>{one.used_at ? ago(one.used_at, language) : words.never}</Table.Td>
              <Table.Td ta="right">
                {one.revoked_at ? (
                  <span className="quiet">{words.revoked}</span>
                ) : (
                  <Button
                    size="compact-sm"
                    variant="default"
                    aria-label={`${words.revoke}: ${one.name}`}
                    onClick={() => setRevoking(one)}
                  >
                    {words.revoke}
                  </Button>
                )}
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
      <Confirm
        opened={revoking !== null}
        title={words.revoke}
        text={words.revokeText(revoking?.name ?? "")}
        yes={words.revoke}
        onNo={() => setRevoking(null)}
        onYes={() => revoking && void revokeKey(client, revoking.id).catch(tellTrouble)}
      />
    </ScrollX>
  );
}
