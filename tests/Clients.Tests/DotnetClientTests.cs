using System.Net;
using k8s;
using k8s.Autorest;
using k8s.Models;
using Xunit;

namespace OrleansOrchestrator.Clients.Tests;

/// <summary>
/// The official C# client as operators use it: typed, generic, and with a picture that a watch keeps true.
/// </summary>
[Collection(Clients.Name)]
public sealed class DotnetClientTests(ClientsSilo silo)
{
    private const int Objects = 30;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    [Fact]
    public async Task Typed_calls_carry_every_verb_and_errors_their_status()
    {
        using var patience = new CancellationTokenSource(Patience);
        using var client = await ClientAsync("typed", patience.Token);
        var made = await client.CoreV1.CreateNamespacedConfigMapAsync(
            Map("m", "blue"), "typed", fieldManager: "tests", cancellationToken: patience.Token);
        Assert.Equal("tests", Assert.Single(made.Metadata.ManagedFields).Manager);

        var dry = await client.CoreV1.PatchNamespacedConfigMapAsync(
            Change("grey"), "m", "typed", dryRun: "All", cancellationToken: patience.Token);
        Assert.Equal("grey", dry.Data["sky"]);
        made.Data["sky"] = "red";
        var replaced = await client.CoreV1.ReplaceNamespacedConfigMapAsync(
            made, "m", "typed", cancellationToken: patience.Token);
        Assert.Equal("red", replaced.Data["sky"]);

        var conflict = await Assert.ThrowsAsync<HttpOperationException>(() =>
            client.CoreV1.ReplaceNamespacedConfigMapAsync(made, "m", "typed", cancellationToken: patience.Token));
        Assert.Equal(HttpStatusCode.Conflict, conflict.Response.StatusCode);
        Assert.Contains("the object has been modified", conflict.Response.Content, StringComparison.Ordinal);

        var deleted = await client.CoreV1.DeleteNamespacedConfigMapAsync(
            "m", "typed", cancellationToken: patience.Token);
        Assert.Equal("Success", deleted.Status);
        await client.CoreV1.DeleteNamespaceAsync("typed", cancellationToken: patience.Token);
    }

    [Fact]
    public async Task Generic_calls_do_the_same_for_any_kind()
    {
        using var patience = new CancellationTokenSource(Patience);
        using var client = await ClientAsync("generic", patience.Token);
        using var leases = new GenericClient(client, "coordination.k8s.io", "v1", "leases", disposeClient: false);
        var lease = new V1Lease
        {
            ApiVersion = "coordination.k8s.io/v1",
            Kind = "Lease",
            Metadata = new V1ObjectMeta { Name = "l" },
            Spec = new V1LeaseSpec { HolderIdentity = "a", LeaseDurationSeconds = 15 },
        };
        await leases.CreateNamespacedAsync(lease, "generic", patience.Token);
        await leases.PatchNamespacedAsync<V1Lease>(
            new V1Patch("{\"spec\":{\"holderIdentity\":\"b\"}}", V1Patch.PatchType.MergePatch),
            "generic",
            "l",
            patience.Token);
        var read = await leases.ReadNamespacedAsync<V1Lease>("generic", "l", patience.Token);
        Assert.Equal("b", read.Spec.HolderIdentity);
        Assert.Single((await leases.ListNamespacedAsync<V1LeaseList>("generic", cancel: patience.Token)).Items);
        await leases.DeleteNamespacedAsync<V1Status>("generic", "l", patience.Token);
        Assert.Empty((await leases.ListNamespacedAsync<V1LeaseList>("generic", cancel: patience.Token)).Items);
        await client.CoreV1.DeleteNamespaceAsync("generic", cancellationToken: patience.Token);
    }

    /// <summary>
    /// A list in pages, then a watch from its revision: what an informer does. The picture equals the list at the end.
    /// </summary>
    [Fact]
    public async Task A_picture_kept_by_a_watch_is_what_a_list_shows()
    {
        using var patience = new CancellationTokenSource(Patience);
        using var client = await ClientAsync("informed", patience.Token);
        for (var i = 0; i < Objects; i++)
        {
            await client.CoreV1.CreateNamespacedConfigMapAsync(
                Map($"m{i}", "blue"), "informed", cancellationToken: patience.Token);
        }

        var (picture, revision) = await ListAsync(client, pageSize: 7, patience.Token);
        var keeping = KeepAsync(client, picture, revision, patience.Token);
        for (var i = 0; i < Objects; i += 2)
        {
            await client.CoreV1.PatchNamespacedConfigMapAsync(
                Change("red"), $"m{i}", "informed", cancellationToken: patience.Token);
        }

        for (var i = 0; i < Objects; i += 3)
        {
            await client.CoreV1.DeleteNamespacedConfigMapAsync($"m{i}", "informed", cancellationToken: patience.Token);
        }

        await client.CoreV1.CreateNamespacedConfigMapAsync(
            Map("last", "grey"), "informed", cancellationToken: patience.Token);
        await keeping;
        var (listed, _) = await ListAsync(client, pageSize: 500, patience.Token);
        Assert.Equal(
            listed.OrderBy(m => m.Key, StringComparer.Ordinal), picture.OrderBy(m => m.Key, StringComparer.Ordinal));
        await client.CoreV1.DeleteNamespaceAsync("informed", cancellationToken: patience.Token);
    }

    private async Task<Kubernetes> ClientAsync(string space, CancellationToken cancellationToken)
    {
        var client = new Kubernetes(
            KubernetesClientConfiguration.BuildConfigFromConfigFile(silo.Environment["KUBECONFIG"]));
        await client.CoreV1.CreateNamespaceAsync(
            new V1Namespace { Metadata = new V1ObjectMeta { Name = space } }, cancellationToken: cancellationToken);
        return client;
    }

    private static V1ConfigMap Map(string name, string sky) => new()
    {
        Metadata = new V1ObjectMeta { Name = name, Labels = new Dictionary<string, string> { ["of"] = "tests" } },
        Data = new Dictionary<string, string> { ["sky"] = sky },
    };

    private static V1Patch Change(string sky) =>
        new($"{{\"data\":{{\"sky\":\"{sky}\"}}}}", V1Patch.PatchType.MergePatch);

    private static async Task<(Dictionary<string, string> Skies, string Revision)> ListAsync(
        Kubernetes client, int pageSize, CancellationToken cancellationToken)
    {
        var skies = new Dictionary<string, string>(StringComparer.Ordinal);
        string? next = null;
        while (true)
        {
            var page = await client.CoreV1.ListNamespacedConfigMapAsync(
                "informed",
                labelSelector: "of=tests",
                limit: pageSize,
                continueParameter: next,
                cancellationToken: cancellationToken);
            foreach (var map in page.Items)
            {
                skies.Add(map.Metadata.Name, map.Data["sky"]);
            }

            next = page.Metadata.ContinueProperty;
            if (string.IsNullOrEmpty(next))
            {
                return (skies, page.Metadata.ResourceVersion);
            }
        }
    }

    /// <summary>Until the object that is made last is there.</summary>
    private static async Task KeepAsync(
        Kubernetes client, Dictionary<string, string> skies, string revision, CancellationToken cancellationToken)
    {
        await foreach (var (change, map) in client.CoreV1.WatchListNamespacedConfigMapAsync(
            "informed", labelSelector: "of=tests", resourceVersion: revision, cancellationToken: cancellationToken))
        {
            if (change == WatchEventType.Deleted)
            {
                skies.Remove(map.Metadata.Name);
            }
            else
            {
                skies[map.Metadata.Name] = map.Data["sky"];
            }

            if (map.Metadata.Name == "last")
            {
                return;
            }
        }

        throw new InvalidOperationException("the watch ended before the last object came");
    }
}
