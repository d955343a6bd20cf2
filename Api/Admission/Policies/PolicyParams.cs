using k8s.Models;
using OrleansOrchestrator.Api.Admission.Matching;
using OrleansOrchestrator.Api.Store;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Admission.Policies;

/// <summary>The objects that parameterize a policy for a binding, or why there are none.</summary>
/// <param name="Objects">Of each the policy is asked once; null is asked without parameters.</param>
/// <param name="Error">What is wrong with the binding; null for nothing.</param>
internal readonly record struct ParamChoice(IReadOnlyList<ResourceObject?> Objects, string? Error = null)
{
    public static ParamChoice Wrong(string error) => new([], error);
}

/// <summary>Finds the objects that parameterize policies.</summary>
internal sealed class PolicyParams(ResourceCatalog catalog, ObjectReader reader)
{
    private static readonly ParamChoice Unparameterized = new([null]);

    /// <summary>What is wrong with the kind that a policy names; null for nothing.</summary>
    public string? Complain(PolicyHead policy)
    {
        if (policy.ParamKind is not { } kind || Find(kind) is not null)
        {
            return null;
        }

        var (group, version) = ApiVersions.Split(kind.ApiVersion);
        return $"failed to find resource referenced by paramKind: '{group}/{version}, Kind={kind.Kind}'";
    }

    /// <summary>Those that a binding chooses for a write.</summary>
    public async ValueTask<ParamChoice> ChooseAsync(
        PolicyHead policy, PolicyBinding binding, AdmissionAttributes attributes, CancellationToken cancellationToken)
    {
        if (policy.ParamKind is not { } kind || binding.Params is not { } wanted || Find(kind) is not { } definition)
        {
            return Unparameterized;
        }

        var space = wanted.NamespaceProperty ?? "";
        if (definition.Namespaced)
        {
            space = space.Length > 0 ? space : RequestWords.NamespaceOf(attributes);
            if (space.Length == 0)
            {
                return ParamChoice.Wrong(
                    "cannot use namespaced paramRef in policy binding that matches cluster-scoped resources");
            }
        }
        else if (space.Length > 0)
        {
            return ParamChoice.Wrong("paramRef.namespace must not be provided for a cluster-scoped `paramKind`");
        }

        try
        {
            var found = await FindAsync(definition, space, wanted, binding, cancellationToken);
            return found.Count == 0 && wanted.ParameterNotFoundAction == "Deny"
                ? ParamChoice.Wrong("no params found for policy binding with `Deny` parameterNotFoundAction")
                : new ParamChoice(found);
        }
        catch (StatusException failure)
        {
            return ParamChoice.Wrong(failure.Status.Message);
        }
    }

    private ResourceDefinition? Find(V1ParamKind kind) => catalog.Current.Find(kind.ApiVersion, kind.Kind);

    private async ValueTask<IReadOnlyList<ResourceObject>> FindAsync(
        ResourceDefinition definition, string space, V1ParamRef wanted, PolicyBinding binding,
        CancellationToken cancellationToken)
    {
        if (string.IsNullOrEmpty(wanted.Name))
        {
            var snapshot = await reader.SnapshotAsync(definition.Storage, ReadFreshness.Cached, cancellationToken);
            var selected = snapshot.Range(space).Where(i => binding.Selected.Matches(i.Metadata.Labels)).ToList();
            return await definition.ShowAsync(selected, cancellationToken);
        }

        var key = new ObjectKey(space, wanted.Name);
        var item = await reader.GetAsync(definition.Storage, key, ReadFreshness.Cached, cancellationToken)
            ?? await reader.GetAsync(definition.Storage, key, ReadFreshness.Linearizable, cancellationToken);
        return item is null ? [] : [await definition.ShowAsync(item, cancellationToken)];
    }
}
