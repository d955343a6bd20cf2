using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Networking.IpAddresses;

/// <summary>The rules of IPAddresses: an address, by name, and who has it, for good.</summary>
public sealed class IpAddressStrategy : ResourceStrategy<V1IPAddress>
{
    private static readonly FieldPath ParentPath = FieldPath.Of("spec", "parentRef");

    /// <summary>The age has a cell, but no column: upstream's slip.</summary>
    public override IReadOnlyList<TableColumn> Columns { get; } =
    [
        TableColumns.Name,
        new(
            "ParentRef",
            "string",
            "",
            "ParentRef references the resource that an IPAddress is attached to. An IPAddress must reference a " +
            "parent object."),
    ];

    public override IReadOnlyList<object?> Cells(V1IPAddress item, DateTimeOffset now) =>
        [item.Metadata.Name, Parent(item.Spec.ParentRef), TableColumns.AgeOf(item, now)];

    public override void SetDefaults(V1IPAddress item)
    {
        item.Spec ??= new V1IPAddressSpec();
        ModelShape.Normalize(item);
    }

    public override void Validate(V1IPAddress item, FieldErrors errors)
    {
        if (item.Spec.ParentRef is not { } parent)
        {
            errors.Required(ParentPath);
            return;
        }

        if (!string.IsNullOrEmpty(parent.Group))
        {
            errors.InvalidEach(ParentPath.Child("group"), parent.Group, NameRules.DnsSubdomain(parent.Group));
        }

        ReferenceRules.Segment(parent.Resource, ParentPath.Child("resource"), errors);
        ReferenceRules.Segment(parent.Name, ParentPath.Child("name"), errors);
        if (!string.IsNullOrEmpty(parent.NamespaceProperty))
        {
            ReferenceRules.Segment(parent.NamespaceProperty, ParentPath.Child("namespace"), errors);
        }
    }

    public override void ValidateUpdate(V1IPAddress item, V1IPAddress old, string subresource, FieldErrors errors)
    {
        ObjectMetaRules.ValidateCreate(item.Metadata, namespaced: false, ValidateName, errors);
        Validate(item, errors);
        if (!ModelShape.SemanticEquals(item.Spec.ParentRef, old.Spec.ParentRef))
        {
            errors.Invalid(ParentPath, InternalForm.Shown(item.Spec.ParentRef), FieldErrors.IsImmutable);
        }
    }

    public override IEnumerable<string> ValidateName(string name, bool isPrefix) => NetworkRules.CanonicalIp(name);

    private static string Parent(V1ParentReference? parent)
    {
        if (parent is null)
        {
            return "";
        }

        var resource = string.IsNullOrEmpty(parent.Group) ? parent.Resource : $"{parent.Resource}.{parent.Group}";
        return string.IsNullOrEmpty(parent.NamespaceProperty)
            ? $"{resource}/{parent.Name}"
            : $"{resource}/{parent.NamespaceProperty}/{parent.Name}";
    }
}
