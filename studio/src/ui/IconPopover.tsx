import { ActionIcon, Popover, type PopoverProps, Tooltip } from "@mantine/core";
import type { LucideIcon } from "lucide-react";
import type { ReactNode } from "react";

interface Props extends Pick<PopoverProps, "width" | "position"> {
  label: string;
  icon: LucideIcon;
  opened: boolean;
  onChange: (opened: boolean) => void;
  children: ReactNode;
}

/** A small button beside a field, with something more to fill in behind it. */
export function IconPopover({ label, icon: Icon, opened, onChange, children, ...place }: Props) {
  return (
    <Popover opened={opened} onChange={onChange} trapFocus {...place}>
      <Popover.Target>
        <Tooltip label={label}>
          <ActionIcon
            variant="subtle"
            color="gray"
            size={26}
            aria-label={label}
            onClick={() => onChange(!opened)}
          >
            <Icon size={15} aria-hidden />
          </ActionIcon>
        </Tooltip>
      </Popover.Target>
      <Popover.Dropdown>{children}</Popover.Dropdown>
    </Popover>
  );
}
