-- Amounts are nanos of the accounting currency. Moments are microseconds since 1970 by this server's clock. Campaigns are
-- numbered as in every node's catalog: all nodes take the same changes in the same order, so their numbers agree.

CREATE TABLE nodes (
    node     bigint PRIMARY KEY CHECK (node BETWEEN 0 AND 65535),
    journal  text NOT NULL,              -- the identity of the journal that goes by this number
    reached  bigint NOT NULL DEFAULT 0,  -- the last journal record this store was told of
    seen     bigint NOT NULL DEFAULT 0
);

-- The one row everybody who changes the catalog locks: so changes have one order, without gaps.
CREATE TABLE catalog_head (
    one    boolean PRIMARY KEY DEFAULT true CHECK (one),
    place  bigint NOT NULL
);
INSERT INTO catalog_head (place) VALUES (0);

CREATE TABLE catalog_changes (
    place    bigint PRIMARY KEY,
    form     smallint NOT NULL,
    changes  bytea NOT NULL,
    node     bigint,
    made_at  bigint NOT NULL
);

CREATE TABLE budgets (
    campaign   bigint PRIMARY KEY,
    id         text NOT NULL UNIQUE,
    total      bigint CHECK (total >= 0),
    daily      bigint CHECK (daily >= 0),
    committed  bigint NOT NULL DEFAULT 0,
    spent      bigint NOT NULL DEFAULT 0,
    CONSTRAINT spent_is_committed CHECK (0 <= spent AND spent <= committed)
);

CREATE TABLE budget_days (
    campaign   bigint NOT NULL REFERENCES budgets,
    day        bigint NOT NULL,
    committed  bigint NOT NULL DEFAULT 0,
    spent      bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (campaign, day),
    CONSTRAINT spent_is_committed CHECK (0 <= spent AND spent <= committed)
);

CREATE TABLE leases (
    campaign  bigint NOT NULL REFERENCES budgets,
    day       bigint NOT NULL,
    node      bigint NOT NULL,
    granted   bigint NOT NULL,
    spent     bigint NOT NULL DEFAULT 0,
    late      bigint NOT NULL DEFAULT 0,
    expires   bigint NOT NULL,
    version   bigint NOT NULL,
    PRIMARY KEY (campaign, day, node),
    CONSTRAINT spent_is_granted CHECK (0 <= late AND late <= spent AND spent <= granted)
);
CREATE INDEX leases_by_node ON leases (node, day);
CREATE INDEX leases_outstanding ON leases (expires) WHERE granted > spent;

-- What is committed and spent of a budget follows from its leases and nothing else.
CREATE FUNCTION move_budget() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    more        bigint := NEW.granted;
    more_spent  bigint := NEW.spent;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF (NEW.campaign, NEW.day, NEW.node) <> (OLD.campaign, OLD.day, OLD.node) THEN
            RAISE EXCEPTION 'a lease keeps its campaign, day and node';
        END IF;
        more := more - OLD.granted;
        more_spent := more_spent - OLD.spent;
    END IF;
    IF more = 0 AND more_spent = 0 THEN
        RETURN NULL;
    END IF;
    UPDATE budgets SET committed = committed + more, spent = spent + more_spent WHERE campaign = NEW.campaign;
    UPDATE budget_days SET committed = committed + more, spent = spent + more_spent
        WHERE campaign = NEW.campaign AND day = NEW.day;
    IF NOT FOUND THEN
        INSERT INTO budget_days VALUES (NEW.campaign, NEW.day, more, more_spent);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER move_budget AFTER INSERT OR UPDATE ON leases FOR EACH ROW EXECUTE FUNCTION move_budget();

CREATE FUNCTION keep_lease() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a lease is never deleted: what was spent of it is part of its budget';
END $$;
CREATE TRIGGER keep_lease BEFORE DELETE ON leases FOR EACH ROW EXECUTE FUNCTION keep_lease();

-- LE-1: what is committed never grows past the budget, whatever writes here. A budget lowered below what is committed
-- takes nothing away; nothing is added until it fits again.
CREATE FUNCTION hold_total() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.committed > OLD.committed AND NEW.committed > NEW.total THEN
        RAISE EXCEPTION 'LE-1: campaign % would have % committed of a total of %', NEW.id, NEW.committed, NEW.total
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER hold_total BEFORE UPDATE ON budgets FOR EACH ROW EXECUTE FUNCTION hold_total();

CREATE FUNCTION hold_daily() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    most    bigint;
    before  bigint := 0;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        before := OLD.committed;
    END IF;
    SELECT daily INTO most FROM budgets WHERE campaign = NEW.campaign;
    IF NEW.committed > before AND NEW.committed > most THEN
        RAISE EXCEPTION 'LE-1: campaign % would have % committed of % on day %', NEW.campaign, NEW.committed, most, NEW.day
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER hold_daily BEFORE INSERT OR UPDATE ON budget_days FOR EACH ROW EXECUTE FUNCTION hold_daily();

-- What was told about bids: everything that charges, and what was told to another node than the bid's own.
CREATE TABLE notices (
    decision   bigint NOT NULL,
    imp        bigint NOT NULL,
    kind       smallint NOT NULL,
    key        bigint NOT NULL,
    owner      bigint NOT NULL,
    campaign   bigint NOT NULL,
    day        bigint NOT NULL,
    charge     bigint NOT NULL CHECK (charge >= 0),
    form       smallint NOT NULL,
    notice     bytea NOT NULL,
    told_at    bigint NOT NULL,
    expires    bigint NOT NULL,
    -- 0 the bid's node has not judged it; 1 it counted; 2 it counted, but came to the node's books too late;
    -- 3 it was not chargeable, and what it charged was taken back.
    judged     smallint NOT NULL DEFAULT 0,
    PRIMARY KEY (decision, imp, kind, key)
);
CREATE INDEX notices_to_judge ON notices (owner, told_at) WHERE judged = 0;
CREATE INDEX notices_to_forget ON notices (expires) WHERE judged <> 0;

-- Secrets all nodes share, so that each knows the others' tokens and users.
CREATE TABLE secrets (
    name   text PRIMARY KEY,
    value  text NOT NULL
);

CREATE TABLE policy_sets (
    version  text PRIMARY KEY,
    form     smallint NOT NULL,
    policies bytea NOT NULL,
    put_at   bigint NOT NULL
);

CREATE TABLE engine_states (
    node      bigint PRIMARY KEY,
    sequence  bigint NOT NULL,
    state     bytea NOT NULL,
    put_at    bigint NOT NULL
);

CREATE FUNCTION now_us() RETURNS bigint LANGUAGE sql VOLATILE AS
    $$ SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint $$;
