using k8s.Models;

namespace OrleansOrchestrator.Resources.AdmissionRegistration;

/// <summary>What a webhook or a policy looks at: the same in two models.</summary>
public readonly record struct OperationRule(
    IList<string> Operations, IList<string> Groups, IList<string> Versions, IList<string> Resources, string? Scope)
{
    private const string Any = "*";

    /// <summary>Names of objects; none given are all.</summary>
    public IList<string> Names { get; init; } = [];

    public static OperationRule Of(V1RuleWithOperations rule) =>
        new(rule.Operations ?? [], rule.ApiGroups ?? [], rule.ApiVersions ?? [], rule.Resources ?? [], rule.Scope);

    public static OperationRule Of(V1NamedRuleWithOperations rule) =>
        new(rule.Operations ?? [], rule.ApiGroups ?? [], rule.ApiVersions ?? [], rule.Resources ?? [], rule.Scope)
        {
            Names = rule.ResourceNames ?? [],
        };

    /// <summary>True for a request that the rule is about, as upstream's matcher has it.</summary>
    public bool Matches(in RequestedOperation request) =>
        IsInScope(request)
        && Has(Operations, request.Operation) && Has(Groups, request.Group) && Has(Versions, request.Version)
        && HasResource(request) && (Names.Count == 0 || Names.Contains(request.Name));

    /// <summary>Objects of namespaces are of the cluster, though their requests are in a namespace.</summary>
    private bool IsInScope(in RequestedOperation request)
    {
        var isOfCluster =
            request.Namespace.Length == 0 || (request.Group.Length == 0 && request.Resource == "namespaces");
        return Scope switch
        {
            null or Any => true,
            "Namespaced" => !isOfCluster,
            "Cluster" => isOfCluster,
            _ => false,
        };
    }

    private bool HasResource(in RequestedOperation request)
    {
        foreach (var text in Resources)
        {
            var slash = text.IndexOf('/', StringComparison.Ordinal);
            var resource = slash < 0 ? text : text.AsSpan(0, slash);
            var subresource = slash < 0 ? default : text.AsSpan(slash + 1);
            if ((resource is Any || resource.SequenceEqual(request.Resource))
                && (subresource is Any || subresource.SequenceEqual(request.Subresource)))
            {
                return true;
            }
        }

        return false;
    }

    private static bool Has(IList<string> values, string value)
    {
        foreach (var one in values)
        {
            if (one == Any || one == value)
            {
                return true;
            }
        }

        return false;
    }
}

/// <summary>What a request does, as rules see it.</summary>
/// <param name="Operation">CREATE, UPDATE, DELETE or CONNECT.</param>
/// <param name="Group">The group of the resource.</param>
/// <param name="Version">Its version.</param>
/// <param name="Resource">Its plural.</param>
/// <param name="Subresource">Empty for the resource itself.</param>
/// <param name="Namespace">Empty for what is of the cluster.</param>
/// <param name="Name">Empty while a create waits for its generated name.</param>
public readonly record struct RequestedOperation(
    string Operation, string Group, string Version, string Resource, string Subresource, string Namespace,
    string Name = "");
