using k8s.Models;

namespace OrleansOrchestrator.Resources.Kernel.Ownership;

/// <summary>One entry of managedFields: what a manager owns by one sort of operation.</summary>
/// <param name="Owner">Whose it is; its version is that of the fields.</param>
/// <param name="Fields">What is owned.</param>
/// <param name="Time">When that last changed; null when it is not known.</param>
public sealed record ManagedEntry(FieldManager Owner, FieldsV1 Fields, DateTime? Time)
{
    private const string ApplyOperation = "Apply";
    private const string UpdateOperation = "Update";
    private const string FieldsType = "FieldsV1";

    public FieldSet Set => Fields.Set;

    internal long Seconds => Time is { } time ? time.Ticks / TimeSpan.TicksPerSecond : 0;

    /// <summary>Takes an entry of the API; null, and why, when it is none.</summary>
    /// <param name="entry">The entry.</param>
    /// <param name="place">Where it stands.</param>
    /// <param name="isOurs">It was stored, so that its set need not be looked at.</param>
    /// <param name="error">Why it is none.</param>
    internal static ManagedEntry? Decode(V1ManagedFieldsEntry entry, int place, bool isOurs, out string error)
    {
        error = entry switch
        {
            { Operation: not (ApplyOperation or UpdateOperation) } => "operation must be `Apply` or `Update`",
            { ApiVersion: null or "" } => "apiVersion must not be empty",
            { FieldsType: null or "" } => $"missing fieldsType in managed fields entry {place}",
            { FieldsType: not FieldsType } =>
                $"invalid fieldsType {GoText.Quote(entry.FieldsType)} in managed fields entry {place}",
            _ => "",
        };
        if (error.Length > 0)
        {
            return null;
        }

        var owner = new FieldManager(
            entry.Manager ?? "", entry.Operation == ApplyOperation, entry.ApiVersion!, entry.Subresource ?? "");
        if (isOurs && entry.FieldsV1 is FieldsV1 ours)
        {
            return new ManagedEntry(owner, ours, entry.Time);
        }

        var set = entry.FieldsV1 is FieldsV1 given ? FieldsV1.Parse(given.Json) : FieldSet.Empty;
        error = set is null ? "error decoding set" : "";
        return set is null ? null : new ManagedEntry(owner, FieldsV1.Of(set), entry.Time);
    }

    internal ManagedEntry With(FieldSet set) => this with { Fields = FieldsV1.Of(set) };

    internal V1ManagedFieldsEntry Encode() => new()
    {
        Manager = Owner.Name.Length > 0 ? Owner.Name : null,
        Operation = Owner.IsApply ? ApplyOperation : UpdateOperation,
        ApiVersion = Owner.ApiVersion,
        Time = Time,
        FieldsType = FieldsType,
        FieldsV1 = Fields,
        Subresource = Owner.Subresource.Length > 0 ? Owner.Subresource : null,
    };
}
