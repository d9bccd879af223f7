-- The log of changes is never changed, not even by the role that owns it.
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is never changed', TG_TABLE_NAME;
END $$;
CREATE TRIGGER audit_entry_is_final BEFORE UPDATE OR DELETE ON audit_entry
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_entry_is_not_emptied BEFORE TRUNCATE ON audit_entry EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_seal_is_final BEFORE UPDATE OR DELETE ON audit_seal
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_seal_is_not_emptied BEFORE TRUNCATE ON audit_seal EXECUTE FUNCTION refuse_change();
-- Who looked at what is kept for at least twelve months (QCVN 12:2026/BCA).
CREATE FUNCTION refuse_young() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.at > now() - interval '12 months' THEN
        RAISE EXCEPTION '% is kept for twelve months', TG_TABLE_NAME;
    END IF;
    RETURN OLD;
END $$;
CREATE TRIGGER visit_is_final BEFORE UPDATE ON visit FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER visit_is_kept BEFORE DELETE ON visit FOR EACH ROW EXECUTE FUNCTION refuse_young();
CREATE TRIGGER visit_is_not_emptied BEFORE TRUNCATE ON visit EXECUTE FUNCTION refuse_change();
