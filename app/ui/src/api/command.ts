// A command keeps its Idempotency-Key as long as its outcome is unknown, so that "try again" after a
// lost answer is the same request and takes effect once.
import { type UseMutationOptions, type UseMutationResult, useMutation } from "@tanstack/react-query";
import { useRef } from "react";
import { isTransient } from "./problem";

type Attempt = { body: string; key: string };

export type Command<Result, Variables> = Omit<UseMutationOptions<Result, Error, Variables>, "mutationFn"> & {
  send: (variables: Variables, key: string) => Promise<Result>;
};

export function useCommand<Result, Variables = void>({
  send,
  ...options
}: Command<Result, Variables>): UseMutationResult<Result, Error, Variables> {
  const unknown = useRef<Attempt | null>(null);
  return useMutation<Result, Error, Variables>({
    // Offline, a command fails at once and what was typed stays. It is never sent later by itself.
    networkMode: "always",
    retry: false,
    ...options,
    mutationFn: async (variables) => {
      const body = JSON.stringify(variables ?? null);
      const key = unknown.current?.body === body ? unknown.current.key : crypto.randomUUID();
      unknown.current = { body, key };
      try {
        const result = await send(variables, key);
        unknown.current = null;
        return result;
      } catch (error) {
        if (!isTransient(error)) unknown.current = null;
        throw error;
      }
    },
  });
}
