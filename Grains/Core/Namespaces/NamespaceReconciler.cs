using k8s.Models;
using OrleansOrchestrator.Grains.Kernel;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Interfaces.Security;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Core.Namespaces;

/// <summary>
/// Furnishes a living namespace (its default ServiceAccount, the authorities of the cluster), and empties a terminating
/// one.
/// </summary>
public sealed class NamespaceReconciler : IObjectReconciler
{
    public const string RootCertificates = "kube-root-ca.crt";
    public const string DefaultAccount = "default";

    private const string Description = "kubernetes.io/description";

    /// <summary>Objects deleted at once.</summary>
    private const int MaxFanOut = 64;

    private const string RootCertificatesNote =
        "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service "
        + "IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters.";

    /// <summary>How soon to look again at what is still there; deletions of pods wake the namespace sooner.</summary>
    private static readonly TimeSpan RemainingCheck = TimeSpan.FromSeconds(2);

    private readonly ObjectKey _key;
    private readonly ReconcilingServices _services;
    private readonly UserIdentity _user;
    private readonly IResourceClient _client;

    public NamespaceReconciler(ObjectKey key, ReconcilingServices services)
    {
        _key = key;
        _services = services;
        _user = UserIdentity.Controller("namespace-controller");
        _client = services.Client.As(_user);
    }

    /// <inheritdoc/>
    public async Task<ReconcileResult> ReconcileAsync(CancellationToken cancellationToken)
    {
        var read = await _client.GetAsync<V1Namespace>(_key, ReadFreshness.Linearizable, cancellationToken);
        if (read.OrNull($"namespace {_key.Name}") is not { } item)
        {
            return ReconcileResult.Done;
        }

        if (item.Metadata.DeletionTimestamp is not null)
        {
            return await EmptyAsync(item, cancellationToken);
        }

        await EnsureAccountAsync(cancellationToken);
        await EnsureAuthoritiesAsync(cancellationToken);
        return ReconcileResult.Done;
    }

    private async Task EnsureAccountAsync(CancellationToken cancellationToken)
    {
        var key = new ObjectKey(_key.Name, DefaultAccount);
        var client = _client.As(UserIdentity.Controller("service-account-controller"));
        if (!(await client.GetAsync(WellKnown.ServiceAccounts, key, ReadFreshness.Linearizable, cancellationToken)).Succeeded)
        {
            var account = new V1ServiceAccount
            {
                Metadata = new V1ObjectMeta { Name = DefaultAccount, NamespaceProperty = _key.Name },
            };
            Expect(await client.CreateAsync(account, cancellationToken), "default service account");
        }
    }

    private async Task EnsureAuthoritiesAsync(CancellationToken cancellationToken)
    {
        const string field = "ca.crt";
        var key = new ObjectKey(_key.Name, RootCertificates);
        var client = _client.As(UserIdentity.Controller("root-ca-cert-publisher"));
        var pem = await _services.Trust.GetAuthorityPemAsync(cancellationToken);
        var read = await client.GetAsync(WellKnown.ConfigMaps, key, ReadFreshness.Linearizable, cancellationToken);
        if (read.Succeeded
            && read.Value.As<V1ConfigMap>() is { Data: { Count: 1 } data } shown
            && data.TryGetValue(field, out var current)
            && current == pem
            && !string.IsNullOrEmpty(shown.GetAnnotation(Description)))
        {
            return;
        }

        // What others added to it beside its data stays.
        var wanted = read.Succeeded
            ? read.Value.Clone<V1ConfigMap>()
            : new V1ConfigMap
            {
                Metadata = new V1ObjectMeta { Name = RootCertificates, NamespaceProperty = _key.Name },
            };
        wanted.Data = new Dictionary<string, string> { [field] = pem };
        wanted.SetAnnotation(Description, RootCertificatesNote);
        Expect(
            read.Succeeded
                ? await client.UpdateAsync(wanted, cancellationToken)
                : await client.CreateAsync(wanted, cancellationToken),
            RootCertificates);
    }

    private async Task<ReconcileResult> EmptyAsync(V1Namespace item, CancellationToken cancellationToken)
    {
        var apis = _services.Aggregation;
        var foreign = new AggregatedContent(apis, await apis.DiscoverAsync(cancellationToken), _user, _key.Name);
        var (content, unknown) = await ContentAsync(foreign, cancellationToken);
        var plan = NamespacePlanner.Compute(item, content, unknown, _services.Time.GetUtcNow(), foreign.Failure);
        IReadOnlyList<string> failures = [];
        if (plan.Delete.Count > 0)
        {
            failures = await DeleteAsync(plan.Delete, foreign, cancellationToken);
            (content, unknown) = await ContentAsync(foreign, cancellationToken);
            plan = NamespacePlanner.Compute(
                item, content, [.. unknown, .. failures], _services.Time.GetUtcNow(), foreign.Failure);
        }

        if (plan.Finalize)
        {
            await FinalizeAsync(cancellationToken);
            return ReconcileResult.Done;
        }

        if (plan.Conditions is { } conditions)
        {
            await WriteConditionsAsync(conditions, cancellationToken);
        }

        return plan.Delete.Count > 0 && failures.Count == 0
            ? ReconcileResult.Again(TimeSpan.Zero)
            : ReconcileResult.Again(RemainingCheck);
    }

    private async Task<(List<RemainingContent> Content, List<string> Failures)> ContentAsync(
        AggregatedContent foreign, CancellationToken cancellationToken)
    {
        var result = new List<RemainingContent>();
        foreach (var kind in _services.Resources.Kinds.Where(
            static k => k.Namespaced && k.Verbs.Contains("delete") && k.Verbs.Contains("list")))
        {
            var list = await _client.ListAsync(
                new ListQuery { Resource = kind.Name, Namespace = _key.Name, Freshness = ReadFreshness.Linearizable },
                cancellationToken);
            result.Add(new RemainingContent(kind.Name, list.Items));
        }

        var (content, failures) = await foreign.ListAsync(cancellationToken);
        return ([.. result, .. content], failures);
    }

    private async Task<IReadOnlyList<string>> DeleteAsync(
        IReadOnlyList<RemainingContent> content, AggregatedContent foreign, CancellationToken cancellationToken)
    {
        var failures = new HashSet<string>(StringComparer.Ordinal);
        var targets = content.SelectMany(c => c.Items.Select(i => (c.Resource, Item: i)));
        await Parallel.ForEachAsync(
            targets,
            new ParallelOptions { MaxDegreeOfParallelism = MaxFanOut, CancellationToken = cancellationToken },
            async (target, token) =>
            {
                var failure = foreign.Has(target.Resource)
                    ? await foreign.DeleteAsync(target.Resource, target.Item, token)
                    : await DeleteAsync(target.Resource, target.Item, token);
                if (failure is not null)
                {
                    lock (failures)
                    {
                        failures.Add(failure.Message);
                    }
                }
            });
        return [.. failures];
    }

    private async Task<Status?> DeleteAsync(
        ResourceName resource, ResourceObject item, CancellationToken cancellationToken)
    {
        var deleted = await _client.DeleteAsync(
            new DeleteRequest
            {
                Resource = resource, Key = item.Key, Uid = item.Uid, PropagationPolicy = "Background",
            },
            cancellationToken);
        return deleted.Succeeded || deleted.Error.Reason is StatusReasons.NotFound or StatusReasons.Conflict
            ? null
            : deleted.Error;
    }

    private async Task WriteConditionsAsync(
        IReadOnlyList<V1NamespaceCondition> conditions, CancellationToken cancellationToken) =>
        Expect(
            await _client.MutateAsync<V1Namespace>(
                _key,
                "status",
                item =>
                {
                    item.Status ??= new V1NamespaceStatus();
                    item.Status.Phase = "Terminating";
                    item.Status.Conditions = [.. conditions];
                    return item.Metadata.DeletionTimestamp is not null;
                },
                cancellationToken),
            "status");

    private async Task FinalizeAsync(CancellationToken cancellationToken) =>
        Expect(
            await _client.MutateAsync<V1Namespace>(
                _key,
                "finalize",
                item =>
                {
                    item.Spec ??= new V1NamespaceSpec();
                    item.Spec.Finalizers =
                        [.. (item.Spec.Finalizers ?? []).Where(f => f != NamespacePlanner.Finalizer)];
                    return item.Metadata.DeletionTimestamp is not null;
                },
                cancellationToken),
            "finalizers");

    /// <summary>Gone, made by somebody else, or going: all well.</summary>
    private void Expect(Outcome<ResourceObject> outcome, string what)
    {
        if (!outcome.Succeeded
            && outcome.Error.Reason is not (StatusReasons.NotFound or StatusReasons.AlreadyExists)
            && !outcome.Error.IsNamespaceTerminating())
        {
            throw ReconcileException.Of($"{what} of namespace {_key.Name}", outcome.Error);
        }
    }
}
