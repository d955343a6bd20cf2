namespace OrleansOrchestrator.Resources.Kernel.Ownership;

/// <summary>Who writes, and how: what tells the entries of managedFields apart.</summary>
/// <param name="Name">For example <c>kubectl</c>.</param>
/// <param name="IsApply">By server-side apply.</param>
/// <param name="ApiVersion">The version written; a manager that applies has one entry for all versions.</param>
/// <param name="Subresource">Empty for the object itself.</param>
public readonly record struct FieldManager(string Name, bool IsApply, string ApiVersion, string Subresource)
    : IComparable<FieldManager>
{
    public static bool operator <(FieldManager left, FieldManager right) => left.CompareTo(right) < 0;

    public static bool operator >(FieldManager left, FieldManager right) => left.CompareTo(right) > 0;

    public static bool operator <=(FieldManager left, FieldManager right) => left.CompareTo(right) <= 0;

    public static bool operator >=(FieldManager left, FieldManager right) => left.CompareTo(right) >= 0;

    /// <summary>What tells entries apart: of those who apply, not the version.</summary>
    public FieldManager Key => IsApply ? this with { ApiVersion = "" } : this;

    /// <summary>Both have the same entry.</summary>
    public bool IsSame(FieldManager other) => Key == other.Key;

    /// <summary>As conflicts show it: <c>"kubectl-edit" with subresource "scale" using apps/v1</c>.</summary>
    public override string ToString() =>
        GoText.Quote(Name)
        + (Subresource.Length > 0 ? $" with subresource {GoText.Quote(Subresource)}" : "")
        + (IsApply ? "" : $" using {ApiVersion}");

    /// <summary>In the order of what upstream knows them by.</summary>
    public int CompareTo(FieldManager other) => string.CompareOrdinal(Identity, other.Identity);

    private string Identity =>
        $"{GoText.Json(Name)},{(IsApply ? "Apply" : "Update")},{(IsApply ? "" : ApiVersion)},{Subresource}";
}
