using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.Resources.Kernel.Ownership;

namespace OrleansOrchestrator.Resources.Networking.ServiceCidrs;

/// <summary>The rules of ServiceCIDRs: a range may only be joined by one of the other family.</summary>
public sealed class ServiceCidrStrategy : ResourceStrategy<V1ServiceCIDR>
{
    private const int MaxRanges = 2;

    private static readonly FieldPath CidrsPath = FieldPath.Of("spec", "cidrs");

    public override IReadOnlyList<TableColumn> Columns { get; } =
    [
        TableColumns.Name,
        new(
            "CIDRs",
            "string",
            "",
            "CIDRs defines the IP blocks in CIDR notation (e.g. \"192.168.0.0/24\" or \"2001:db8::/64\") from " +
            "which to assign service cluster " +
            "IPs. Max of two CIDRs is allowed, one of each IP family. This field is immutable."),
        TableColumns.Age,
    ];

    public override IReadOnlyList<object?> Cells(V1ServiceCIDR item, DateTimeOffset now) =>
        [item.Metadata.Name, string.Join(',', item.Spec.Cidrs ?? []), TableColumns.AgeOf(item, now)];

    /// <summary>Upstream means to reset some, under the name of a group that there is not.</summary>
    public override FieldFilter? OwnableFields(string subresource) => null;

    public override void SetDefaults(V1ServiceCIDR item)
    {
        item.Spec ??= new V1ServiceCIDRSpec();
        item.Status ??= new V1ServiceCIDRStatus();
        ModelShape.Normalize(item);
    }

    /// <summary>As upstream has it, writes of the object keep the status they bring.</summary>
    public override void PrepareForUpdate(V1ServiceCIDR item, V1ServiceCIDR old, string subresource)
    {
        if (subresource == "status")
        {
            ObjectMetaRules.Keep(item.Metadata, old.Metadata);
            item.Spec = old.Spec;
        }
    }

    public override void Validate(V1ServiceCIDR item, FieldErrors errors)
    {
        var cidrs = item.Spec.Cidrs ?? [];
        if (cidrs.Count == 0)
        {
            errors.Required(CidrsPath, "at least one CIDR required");
            return;
        }

        if (cidrs.Count > MaxRanges)
        {
            errors.Invalid(CidrsPath, InternalForm.Shown(item.Spec), $"may only hold up to {MaxRanges} values");
            return;
        }

        for (var i = 0; i < cidrs.Count; i++)
        {
            errors.InvalidEach(CidrsPath.Index(i), cidrs[i], NetworkRules.CanonicalCidr(cidrs[i]));
        }

        if (cidrs.Count == MaxRanges && FamilyOf(cidrs[0]) is { } family && family == FamilyOf(cidrs[1]))
        {
            errors.Invalid(
                CidrsPath,
                cidrs,
                "may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64");
        }
    }

    public override void ValidateUpdate(V1ServiceCIDR item, V1ServiceCIDR old, string subresource, FieldErrors errors)
    {
        if (subresource == "status")
        {
            return;
        }

        var (next, before) = (item.Spec.Cidrs ?? [], old.Spec.Cidrs ?? []);
        var grows = before.Count == 1 && next.Count == MaxRanges;
        if (!grows && next.Count != before.Count)
        {
            errors.Invalid(CidrsPath, next, FieldErrors.IsImmutable);
            return;
        }

        for (var i = 0; i < before.Count; i++)
        {
            errors.Immutable(CidrsPath.Index(i), next[i], before[i]);
        }

        if (grows)
        {
            Validate(item, errors);
        }
    }

    private static System.Net.Sockets.AddressFamily? FamilyOf(string cidr) =>
        NetworkRules.ParseCidrSloppy(cidr)?.Address.AddressFamily;
}
