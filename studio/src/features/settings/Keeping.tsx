import { Table, Text, Title } from "@mantine/core";
import { useSettings } from "@/api/gateway";
import { useLook } from "@/look";
import { decimal } from "@/numbers";
import { ScrollX } from "@/ui/ScrollX";
import { useWords } from "@/words";
import classes from "./Settings.module.css";

/** How long the gateway keeps what; set where the gateway is started. */
export function Keeping() {
  const words = useWords().settings;
  const language = useLook((look) => look.language);
  const { data } = useSettings();
  if (!data) return null;
  const rows = [
    [words.kept.trash, data.trash_days, "FLUXROOM_TRASH_DAYS"],
    [words.kept.pictures, data.keep_pictures_days, "FLUXROOM_KEEP_PICTURES_DAYS"],
    [words.kept.records, data.keep_records_days, "FLUXROOM_KEEP_RECORDS_DAYS"],
  ] as const;
  return (
    <section className={classes.block}>
      <Title order={2} size="h4">
        {words.keeping}
      </Title>
      <ScrollX label={words.keeping}>
        <Table fz="sm">
          <Table.Tbody>
            {rows.map(([what, days, variable]) => (
              <Table.Tr key={variable}>
                <Table.Th scope="row" fw={450}>
                  {what}
                </Table.Th>
                <Table.Td>{days ? words.days(decimal(days, language)) : words.forever}</Table.Td>
                <Table.Td>
                  <Text size="xs" className="quiet">
                    {words.keptHow(variable)}
                  </Text>
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </ScrollX>
    </section>
  );
}
