using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.Resources.Kernel.Ownership;

namespace OrleansOrchestrator.Resources.DynamicResources.Claims;

/// <summary>The rules of ResourceClaims: what is asked for is fixed, what is given is status.</summary>
public sealed class ResourceClaimStrategy : ResourceStrategy<Resourcev1ResourceClaim>
{
    private static readonly FieldPath Spec = FieldPath.Of("spec");

    public override IReadOnlyList<TableColumn> Columns { get; } =
    [
        TableColumns.Name,
        new("State", "string", "", "A summary of the current state (allocated, pending, reserved, etc.)."),
        TableColumns.Age,
    ];

    public override IReadOnlyList<object?> Cells(Resourcev1ResourceClaim item, DateTimeOffset now) =>
        [item.Metadata.Name, string.Join(',', States(item)), TableColumns.AgeOf(item, now)];

    /// <summary>Who gives devices owns none of the metadata, which stays as it was.</summary>
    public override FieldFilter? OwnableFields(string subresource) =>
        subresource == "status" ? FieldFilter.NoSpecNorMetadata : base.OwnableFields(subresource);

    public override void SetDefaults(Resourcev1ResourceClaim item)
    {
        item.Spec ??= new V1ResourceClaimSpec();
        item.Status ??= new V1ResourceClaimStatus();
        ModelShape.Normalize(item);
        ClaimSpecRules.SetDefaults(item.Spec);
    }

    public override void PrepareForCreate(Resourcev1ResourceClaim item) => item.Status = new V1ResourceClaimStatus();

    public override void Validate(Resourcev1ResourceClaim item, FieldErrors errors) =>
        ClaimSpecRules.Validate(item.Spec, Spec, errors);

    public override void PrepareForUpdate(Resourcev1ResourceClaim item, Resourcev1ResourceClaim old, string subresource)
    {
        if (subresource != "status")
        {
            item.Status = old.Status;
            return;
        }

        ObjectMetaRules.Keep(item.Metadata, old.Metadata);
        item.Spec = old.Spec;
        DropGivenBack(item.Status, old.Status);
    }

    public override void ValidateUpdate(
        Resourcev1ResourceClaim item, Resourcev1ResourceClaim old, string subresource, FieldErrors errors)
    {
        if (subresource == "status")
        {
            ClaimStatusRules.Validate(item, old, errors);
            return;
        }

        ObjectMetaRules.ValidateCreate(item.Metadata, namespaced: true, ValidateName, errors);
        if (!ModelShape.SemanticEquals(item.Spec, old.Spec))
        {
            errors.Invalid(Spec, InternalForm.Shown(item.Spec), "field is immutable");
        }
    }

    /// <summary>The state of a device goes with the device.</summary>
    private static void DropGivenBack(V1ResourceClaimStatus status, V1ResourceClaimStatus? old)
    {
        var kept = ClaimStatusRules.Allocated(status);
        var gone = ClaimStatusRules.Allocated(old).Where(d => !kept.Contains(d)).ToHashSet(StringComparer.Ordinal);
        if (gone.Count > 0 && status.Devices is { } devices)
        {
            status.Devices = [.. devices.Where(d => !gone.Contains(ClaimStatusRules.IdOf(d)))];
        }
    }

    private static IEnumerable<string> States(Resourcev1ResourceClaim item)
    {
        var isDeleted = item.Metadata.DeletionTimestamp is not null;
        if (isDeleted)
        {
            yield return "deleted";
        }

        if (item.Status?.Allocation is not null)
        {
            yield return "allocated";
            if (item.Status.ReservedFor is { Count: > 0 })
            {
                yield return "reserved";
            }
        }
        else if (!isDeleted)
        {
            yield return "pending";
        }
    }
}
