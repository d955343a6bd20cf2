using System.Text;
using k8s.Models;
using Microsoft.Extensions.DependencyInjection;
using OrleansOrchestrator.Api;
using OrleansOrchestrator.Api.Admission;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.TestKit;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Kernel;

/// <summary>A patch that names no revision is made of whatever is there, however often others come first.</summary>
public sealed class PatchRaceTests
{
    private static readonly ObjectKey Key = new("default", "contested");

    [Fact]
    public async Task A_patch_that_another_write_overtakes_is_made_again()
    {
        await using var silos = await TestSilos.StartAsync(silo =>
        {
            silo.Services.AddSingleton(BuiltInResources.Table);
            silo.Services.AddOrchestratorApi();
            silo.Services.AddSingleton<IAdmissionPlugin, Rival>();
        });
        var client = silos.Services.GetRequiredService<IResourceClient>();
        await client.CreateAsync(new V1Namespace { Metadata = new V1ObjectMeta { Name = "default" } }, default);
        await client.CreateAsync(
            new V1ConfigMap { Metadata = new V1ObjectMeta { Name = Key.Name, NamespaceProperty = Key.Namespace } }, default);

        var patched = await PatchAsync(client, "mine");

        Assert.True(patched.Succeeded, patched.Error?.Message);
        Assert.Equal(["mine", "rival"], patched.Value.As<V1ConfigMap>().Data.Keys.Order(StringComparer.Ordinal));
    }

    private static ValueTask<Outcome<ResourceObject>> PatchAsync(IResourceClient client, string name) => client.PatchAsync(
        new PatchRequest
        {
            Resource = new ResourceName("", "configmaps"),
            Key = Key,
            Kind = PatchKind.Merge,
            Patch = Encoding.UTF8.GetBytes($$$"""{"data":{"{{{name}}}":"1"}}"""),
        },
        default);

    /// <summary>Commits a write of its own between the moment that a patch was computed and its commit.</summary>
    private sealed class Rival(IServiceProvider services) : IAdmissionPlugin
    {
        private int _came;

        // A place in the order that nobody else takes.
        public string Name => "MutatingAdmissionWebhook";

        public bool Handles(AdmissionAttributes attributes) =>
            attributes.Key == Key && attributes.Operation == AdmissionOperation.Update && Volatile.Read(ref _came) == 0;

        public async ValueTask<Status?> MutateAsync(AdmissionAttributes attributes, CancellationToken cancellationToken)
        {
            if (Interlocked.Exchange(ref _came, 1) == 0)
            {
                var first = await PatchAsync(services.GetRequiredService<IResourceClient>(), "rival");
                Assert.True(first.Succeeded, first.Error?.Message);
            }

            return null;
        }
    }
}
