/** Tables that scroll within themselves, and sections around them. */
import type { ComponentChildren, VNode } from "preact";

/** One column; the first of a table heads its rows. */
export interface Column<Row> {
  title: string;
  cell: (row: Row) => ComponentChildren;
  /** Whether it holds numbers, which stand at the right. */
  isNumber?: boolean;
  /** Whether it holds sentences, which want some room on a phone too. */
  isLong?: boolean;
}

interface Given<Row> {
  /** Id within the page. */
  id: string;
  caption: string;
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  /** Row at the end, such as a sum: its first cell spans all columns but the last. */
  sum?: { title: string; value: string };
  /** Ids of the rows, where something leads there. */
  rowId?: (index: number) => string;
}

/** A table; where it has no rows, a word instead. */
export function table<Row>({ id, caption, columns, rows, sum, rowId }: Given<Row>): VNode {
  if (rows.length === 0) return <p class="none">{caption}: none.</p>;
  const [head, ...others] = columns;
  return (
    <div class="scroll" role="group" aria-labelledby={id} tabIndex={0}>
      <table>
        <caption id={id}>{caption}</caption>
        <thead>
          <tr>
            {columns.map(({ title, isNumber }) => (
              <th scope="col" class={isNumber === true ? "number" : undefined}>
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, index) => (
            <tr id={rowId?.(index)}>
              <th scope="row">{head?.cell(row)}</th>
              {others.map(({ cell, isNumber, isLong }) => (
                <td class={isNumber === true ? "number" : isLong === true ? "long" : undefined}>
                  {cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
        {sum === undefined ? null : (
          <tfoot>
            <tr>
              <th scope="row" colSpan={columns.length - 1}>
                {sum.title}
              </th>
              <td class="number">{sum.value}</td>
            </tr>
          </tfoot>
        )}
      </table>
    </div>
  );
}

/** A part of the page that the list of contents leads to. */
export const Section = ({
  id,
  title,
  children,
}: {
  id: string;
  title: string;
  children: ComponentChildren;
}): VNode => (
  <section id={id} aria-labelledby={`${id}-title`}>
    <h2 id={`${id}-title`}>{title}</h2>
    {children}
  </section>
);
