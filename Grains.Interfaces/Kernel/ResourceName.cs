namespace OrleansOrchestrator.Interfaces.Kernel;

/// <summary>
/// A resource of the API: its group and plural name, whatever the version. It names the journal that orders the
/// resource's writes: <c>pods</c>, <c>apps/deployments</c>.
/// </summary>
[GenerateSerializer, Immutable, Alias("orch.resource-name")]
public readonly record struct ResourceName(
    [property: Id(0)] string Group,
    [property: Id(1)] string Plural)
{
    /// <summary>The form used in error messages of the API: <c>pods</c>, <c>deployments.apps</c>.</summary>
    public string Qualified => Group.Length == 0 ? Plural : $"{Plural}.{Group}";

    /// <summary>The journal key: <c>pods</c>, <c>apps/deployments</c>.</summary>
    public override string ToString() => Group.Length == 0 ? Plural : $"{Group}/{Plural}";

    /// <summary>Parses what <see cref="ToString"/> wrote.</summary>
    public static ResourceName Parse(string key)
    {
        var slash = key.IndexOf('/', StringComparison.Ordinal);
        return slash < 0 ? new ResourceName("", key) : new ResourceName(key[..slash], key[(slash + 1)..]);
    }
}
