using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Coordination.Leases;

/// <summary>
/// The rules of Leases. Every node renews one every few seconds: nothing here allocates when all is well.
/// </summary>
public sealed class LeaseStrategy : ResourceStrategy<V1Lease>
{
    public override bool AllowCreateOnUpdate => true;

    public override bool AllowUnconditionalUpdate => false;

    public override IReadOnlyList<TableColumn> Columns { get; } =
        [TableColumns.Name, new("Holder", "string", "", ColumnTexts.LeasesHolder), TableColumns.Age];

    public override IReadOnlyList<object?> Cells(V1Lease item, DateTimeOffset now) =>
        [item.Metadata.Name, item.Spec?.HolderIdentity ?? "", TableColumns.AgeOf(item, now)];

    public override void SetDefaults(V1Lease item) => item.Spec ??= new V1LeaseSpec();

    public override void PrepareForCreate(V1Lease item) => DropCoordination(item.Spec);

    public override void PrepareForUpdate(V1Lease item, V1Lease old, string subresource)
    {
        if (old.Spec is null or { Strategy: null, PreferredHolder: null })
        {
            DropCoordination(item.Spec);
        }
    }

    public override void Validate(V1Lease item, FieldErrors errors)
    {
        if (item.Spec?.LeaseDurationSeconds <= 0)
        {
            errors.Invalid(
                FieldPath.Of("spec", "leaseDurationSeconds"), item.Spec.LeaseDurationSeconds, "must be greater than 0");
        }

        if (item.Spec?.LeaseTransitions < 0)
        {
            errors.Invalid(
                FieldPath.Of("spec", "leaseTransitions"),
                item.Spec.LeaseTransitions,
                "must be greater than or equal to 0");
        }
    }

    public override void ValidateUpdate(V1Lease item, V1Lease old, string subresource, FieldErrors errors) =>
        Validate(item, errors);

    /// <summary>
    /// Coordinated leader election is off by default in 1.36: its fields are dropped unless already in use.
    /// </summary>
    private static void DropCoordination(V1LeaseSpec? spec)
    {
        if (spec is not null)
        {
            spec.Strategy = null;
            spec.PreferredHolder = null;
        }
    }
}
