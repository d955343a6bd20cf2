using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.OpenApi;

/// <summary>
/// The paths that say what the API has: versions, groups, resources, this server. All but those of resources have
/// documents of their own. Custom kinds come without any, as in upstream.
/// </summary>
internal static class RootPaths
{
    private const string Meta = "io.k8s.apimachinery.pkg.apis.meta.v1.";

    /// <summary>What has a document of its own, by its name.</summary>
    public static IEnumerable<KeyValuePair<string, ApiPath>> Documents(ResourceTable table)
    {
        yield return Document(
            ".well-known/openid-configuration", "getServiceAccountIssuerOpenIDConfiguration",
            "get service account issuer OpenID configuration, also known as the 'OIDC discovery doc'", Json());
        yield return Document(
            "openid/v1/jwks", "getServiceAccountIssuerOpenIDKeyset",
            "get service account issuer OpenID JSON Web Key Set (contains public token verification keys)",
            Json() with { Produces = ["application/jwk-set+json"] });
        yield return Document(
            "version", "getCodeVersion", "get the version information for this server",
            Json() with { PlainAnswer = "object" });
        yield return Document("api", "getCoreAPIVersions", "get available API versions", Of("APIVersions"));
        yield return Document("apis", "getAPIVersions", "get available API versions", Of("APIGroupList"));
        var groups = BuiltIn(table.All).Select(static d => d.Name.Group).Where(static g => g.Length > 0);
        foreach (var group in groups.Distinct())
        {
            yield return Document(
                $"apis/{group}", $"get{Title(group)}APIGroup", "get information of a group", Of("APIGroup"));
        }
    }

    /// <summary>The paths that list the resources of group versions.</summary>
    public static IEnumerable<ApiPath> Resources(IEnumerable<ResourceDefinition> definitions)
    {
        foreach (var (group, version) in BuiltIn(definitions).Select(static d => (d.Name.Group, d.Version)).Distinct())
        {
            var place = group.Length == 0 ? $"api/{version}" : $"apis/{group}/{version}";
            yield return Path(
                place, $"get{Title(group)}{Title(version)}APIResources", "get available resources",
                Of("APIResourceList"));
        }
    }

    /// <summary>The schemas that paths answer with.</summary>
    public static IEnumerable<string> Answers(IEnumerable<ApiPath> paths) =>
        paths.SelectMany(static p => p.Operations).Select(static o => o.Answer).OfType<string>();

    private static IEnumerable<ResourceDefinition> BuiltIn(IEnumerable<ResourceDefinition> definitions) =>
        definitions.Where(static d => !d.Of.IsCustom);

    private static KeyValuePair<string, ApiPath> Document(
        string place, string id, string description, Operation operation) =>
        new(place, Path(place, id, description, operation));

    private static ApiPath Path(string place, string id, string description, Operation operation) =>
        new($"/{place}/", [operation with { Id = id, Description = description }]);

    private static Operation Of(string answer) =>
        new() { Method = "get", Id = "", Description = "", Answer = Meta + answer };

    private static Operation Json() =>
        new() { Method = "get", Id = "", Description = "", Produces = ["application/json"] };

    /// <summary>For example <c>RbacAuthorization</c> for <c>rbac.authorization.k8s.io</c>.</summary>
    private static string Title(string group) => group.Length == 0 ? "Core" : string.Concat(
        group.Replace(".k8s.io", "", StringComparison.Ordinal).Split('.')
            .Select(static s => char.ToUpperInvariant(s[0]) + s[1..]));
}
