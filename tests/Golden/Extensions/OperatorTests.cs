using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using k8s;
using k8s.Autorest;
using k8s.Models;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using OrleansOrchestrator.Api.Cache;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.TestKit.Remote;
using Xunit;

namespace OrleansOrchestrator.Golden.Extensions;

/// <summary>
/// An operator with the official client, against the API alone: it brings its definition and its webhooks, waits for
/// its Lease, follows its objects, reports in their status, and clears up behind them.
/// </summary>
public sealed class OperatorTests
{
    private const string Space = GardenOperator.Space;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    [Fact]
    public async Task An_operator_cannot_tell()
    {
        await using var host = await GoldenHost.StartAsync(
            configure: static s => s.AddSingleton<IStartupFilter, ProtobufClientTests.TokenFilter>());
        using var authority = new TestAuthority();
        await using var hooks = await TestRemote.StartAsync(authority.Issue(["localhost"]), AnswerAsync);
        using var client = new Kubernetes(new KubernetesClientConfiguration { Host = host.Address.ToString() });
        using var gardens = new GenericClient(client, Garden.Group, "v1", "gardens", disposeClient: false);
        await InstallAsync(client);
        await HookAsync(host, client, hooks, authority);

        var (first, second) = (new GardenOperator(host.Address, "one"), new GardenOperator(host.Address, "two"));
        using var firstStop = new CancellationTokenSource();
        using var secondStop = new CancellationTokenSource();
        var (firstRuns, secondRuns) = (first.RunAsync(firstStop.Token), second.RunAsync(secondStop.Token));

        await gardens.CreateNamespacedAsync(Named("roses", beds: null), Space);
        var roses = await UntilAsync(gardens, "roses", static (_, g) => g.IsTended);
        Assert.Equal((3, 3), (roses.Spec.Beds, roses.Status!.Planted));
        var plan = await client.CoreV1.ReadNamespacedConfigMapAsync(GardenOperator.PlanOf(roses), Space);
        Assert.Equal(("3", roses.Metadata.Uid), (plan.Data["beds"], plan.Metadata.OwnerReferences[0].Uid));

        var refused = await Assert.ThrowsAsync<HttpOperationException>(
            () => gardens.CreateNamespacedAsync(Named("park", beds: 101), Space));
        Assert.Equal(HttpStatusCode.Forbidden, refused.Response.StatusCode);
        Assert.Contains(
            "admission webhook \\\"check.gardens.example.com\\\" denied the request: a garden has at most 100 beds",
            refused.Response.Content, StringComparison.Ordinal);
        refused = await Assert.ThrowsAsync<HttpOperationException>(
            () => gardens.CreateNamespacedAsync(Named("pot", beds: 0), Space));
        Assert.Contains(
            "spec.beds in body should be greater than or equal to 1", refused.Response.Content,
            StringComparison.Ordinal);

        await gardens.PatchNamespacedAsync<Garden>(
            new V1Patch("""{"spec":{"beds":5}}""", V1Patch.PatchType.MergePatch), Space, "roses");
        roses = await UntilAsync(gardens, "roses", static (_, g) => g.IsTended && g.Status!.Planted == 5);
        Assert.Equal(2, roses.Metadata.Generation);

        // The leader goes; the other one holds the Lease when that has run out, and does what waits.
        var lease = await client.CoordinationV1.ReadNamespacedLeaseAsync(GardenOperator.Lease, Space);
        var (stop, runs, heir) = lease.Spec.HolderIdentity == "one"
            ? (firstStop, firstRuns, "two")
            : (secondStop, secondRuns, "one");
        await stop.CancelAsync();
        await runs;
        await gardens.DeleteNamespacedAsync<Garden>(Space, "roses");
        await gardens.CreateNamespacedAsync(Named("tulips", beds: 7), Space);
        var tulips = await UntilAsync(gardens, "tulips", static (_, g) => g.IsTended);
        Assert.Equal(heir, tulips.Status!.Gardener);
        await DeletedAsync(client, roses);
        var gone = await Assert.ThrowsAsync<HttpOperationException>(
            () => client.CoreV1.ReadNamespacedConfigMapAsync(GardenOperator.PlanOf(roses), Space));
        Assert.Equal(HttpStatusCode.NotFound, gone.Response.StatusCode);
        lease = await client.CoordinationV1.ReadNamespacedLeaseAsync(GardenOperator.Lease, Space);
        Assert.Equal(heir, lease.Spec.HolderIdentity);

        await firstStop.CancelAsync();
        await secondStop.CancelAsync();
        await Task.WhenAll(firstRuns, secondRuns);
        Assert.Empty(first.Failures);
        Assert.Empty(second.Failures);
    }

    private static Garden Named(string name, int? beds) => new()
    {
        Metadata = new V1ObjectMeta { Name = name }, Spec = new GardenSpec { Beds = beds },
    };

    /// <summary>Creates the definition, and waits until it says that it is established.</summary>
    private static async Task InstallAsync(Kubernetes client)
    {
        var definition = await client.ApiextensionsV1.CreateCustomResourceDefinitionAsync(Garden.Definition());
        using var patience = new CancellationTokenSource(Patience, TimeProvider.System);
        await foreach (var (_, item) in client.ApiextensionsV1.WatchListCustomResourceDefinitionAsync(
            fieldSelector: $"metadata.name={definition.Metadata.Name}", cancellationToken: patience.Token))
        {
            if (item.Status?.Conditions?.Any(static c => c is { Type: "Established", Status: "True" }) == true)
            {
                return;
            }
        }

        Assert.Fail("The watch ended before the definition was established.");
    }

    private static async Task HookAsync(
        GoldenHost host, Kubernetes client, TestRemote hooks, TestAuthority authority)
    {
        await client.AdmissionregistrationV1.CreateMutatingWebhookConfigurationAsync(new V1MutatingWebhookConfiguration
        {
            Metadata = new V1ObjectMeta { Name = "gardens" },
            Webhooks =
            [
                new V1MutatingWebhook
                {
                    Name = "beds.gardens.example.com", AdmissionReviewVersions = ["v1"], SideEffects = "None",
                    ClientConfig = Where("/beds"), Rules = [Rule()],
                },
            ],
        });
        await client.AdmissionregistrationV1.CreateValidatingWebhookConfigurationAsync(
            new V1ValidatingWebhookConfiguration
            {
                Metadata = new V1ObjectMeta { Name = "gardens" },
                Webhooks =
                [
                    new V1ValidatingWebhook
                    {
                        Name = "check.gardens.example.com", AdmissionReviewVersions = ["v1"], SideEffects = "None",
                        ClientConfig = Where("/check"), Rules = [Rule()],
                    },
                ],
            });
        foreach (var plural in (string[])["mutatingwebhookconfigurations", "validatingwebhookconfigurations"])
        {
            var caches = host.Services.GetRequiredService<ResourceCaches>();
            var cache = await caches.GetAsync(
                new ResourceName("admissionregistration.k8s.io", plural), CancellationToken.None);
            await cache.ConsistentAsync(CancellationToken.None);
        }

        Admissionregistrationv1WebhookClientConfig Where(string path) =>
            new() { Url = hooks.Url(path), CaBundle = authority.Bundle };
    }

    private static V1RuleWithOperations Rule() => new()
    {
        ApiGroups = [Garden.Group], ApiVersions = ["v1"], Resources = ["gardens"], Operations = ["CREATE", "UPDATE"],
    };

    private static async Task AnswerAsync(TestRemote server, HttpContext context)
    {
        var review = await server.ReadAsync(context);
        var request = review["request"]!;
        var beds = (int?)request["object"]!["spec"]?["beds"];
        var response = new JsonObject { ["uid"] = request["uid"]!.DeepClone(), ["allowed"] = true };
        if (context.Request.Path == "/beds" && beds is null)
        {
            response["patchType"] = "JSONPatch";
            response["patch"] = Convert.ToBase64String(
                Encoding.UTF8.GetBytes("""[{"op":"add","path":"/spec/beds","value":3}]"""));
        }
        else if (context.Request.Path == "/check" && beds > 100)
        {
            response["allowed"] = false;
            response["status"] = new JsonObject { ["message"] = "a garden has at most 100 beds", ["code"] = 403 };
        }

        await context.Response.WriteAsJsonAsync(new JsonObject
        {
            ["apiVersion"] = "admission.k8s.io/v1", ["kind"] = "AdmissionReview", ["response"] = response,
        });
    }

    /// <summary>Waits for the event that tells of the end of a garden, after a version of it.</summary>
    private static async Task DeletedAsync(Kubernetes client, Garden garden)
    {
        using var patience = new CancellationTokenSource(Patience, TimeProvider.System);
        await foreach (var (type, item) in client.CustomObjects.WatchListNamespacedCustomObjectAsync(
            Garden.Group, "v1", Space, "gardens", fieldSelector: $"metadata.name={garden.Metadata.Name}",
            resourceVersion: garden.Metadata.ResourceVersion, cancellationToken: patience.Token))
        {
            if (type == WatchEventType.Deleted)
            {
                return;
            }
        }

        Assert.Fail($"The watch ended before {garden.Metadata.Name} was deleted.");
    }

    /// <summary>The first event of a garden that is as wanted.</summary>
    private static async Task<Garden> UntilAsync(
        GenericClient gardens, string name, Func<WatchEventType, Garden, bool> isWanted)
    {
        using var patience = new CancellationTokenSource(Patience, TimeProvider.System);
        await foreach (var (type, garden) in gardens.WatchNamespacedAsync<Garden>(
            Space, onError: null, cancel: patience.Token))
        {
            if (garden.Metadata.Name == name && isWanted(type, garden))
            {
                return garden;
            }
        }

        throw new InvalidOperationException($"The watch ended before {name} was as wanted.");
    }
}
