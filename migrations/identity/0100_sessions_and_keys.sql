-- What a person sees of each of their sessions. Rows of a process of the previous version have the defaults.
alter table identity.sessions
    -- The last login or refresh; null: only the login.
    add column last_used_at timestamptz,
    add column carrier text not null default 'bearer'
        constraint sessions_carrier_known check (carrier in ('bearer', 'cookie')),
    add column login_method text not null default 'password'
        constraint sessions_login_method_known check (login_method in ('password')),
    -- Both come from the client, as far as it says so.
    add column user_agent text constraint sessions_user_agent_length check (char_length(user_agent) <= 400),
    add column client_address text;

-- With it and the token itself the successor of a used token can be computed again, from the table alone it cannot.
alter table identity.refresh_tokens
    add column successor_salt bytea
        constraint refresh_tokens_salt_length check (octet_length(successor_salt) = 32);

-- Until when a key that was replaced verifies tokens; null for the key that is to sign.
alter table identity.signing_keys add column verifies_until timestamptz;
