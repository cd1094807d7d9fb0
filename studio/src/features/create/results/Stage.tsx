import { Button, Center, Skeleton, Stack } from "@mantine/core";
import { useLive } from "@/api/events";
import { useGenerations } from "@/api/queries";
import { useWords } from "@/words";
import { Examples } from "./Examples";
import { RunRow } from "./RunRow";

/** What was made, the newest on top. */
export function Stage() {
  const words = useWords().create;
  const live = useLive((state) => state.connected === true);
  const { data, isPending, hasNextPage, fetchNextPage, isFetchingNextPage } = useGenerations(live);
  const all = data?.pages.flatMap((page) => page.generations) ?? [];
  if (isPending) return <Skeleton height={260} radius="md" />;
  if (!all.length) return <Examples />;
  return (
    <Stack gap={28}>
      {all.map((one) => (
        <RunRow key={one.id} generation={one} />
      ))}
      {hasNextPage && (
        <Center>
          <Button variant="default" loading={isFetchingNextPage} onClick={() => void fetchNextPage()}>
            {words.older}
          </Button>
        </Center>
      )}
    </Stack>
  );
}
