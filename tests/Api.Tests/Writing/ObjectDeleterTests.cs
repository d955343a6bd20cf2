using System.Globalization;
using k8s.Models;
using Microsoft.Extensions.DependencyInjection;
using OrleansOrchestrator.Api.Admission;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.Writing;

/// <summary>What a lease held goes when it ends: nobody is asked, but a later write wins.</summary>
public sealed class ObjectDeleterTests
{
    private static readonly ObjectKey Key = new("default", "a");

    [Fact]
    public async Task AnExpiryAsksNeitherAdmissionNorFinalizers()
    {
        await using var host = await StartAsync();
        var (client, item) = await CreateAsync(host);
        var request = Of(item);

        var asked = await client.DeleteAsync(request with { IsExpiry = false }, default);
        Assert.Equal("no", asked.Error!.Message);

        var expired = await client.DeleteAsync(request, default);
        Assert.True(expired.Succeeded, expired.Error?.Message);
        var left = await client.GetAsync(ProtocolHost.ConfigMaps, Key, ReadFreshness.Linearizable, default);
        Assert.Equal(StatusReasons.NotFound, left.Error!.Reason);
    }

    [Theory]
    [InlineData("another", null)]
    [InlineData(null, "1")]
    public async Task AnExpiryIsOfTheVersionThatItNames(string? uid, string? revision)
    {
        await using var host = await StartAsync();
        var (client, item) = await CreateAsync(host);
        var request = Of(item);

        var outcome = await client.DeleteAsync(
            request with { Uid = uid ?? request.Uid, ResourceVersion = revision ?? request.ResourceVersion }, default);

        Assert.Equal(StatusReasons.Conflict, outcome.Error!.Reason);
        var left = await client.GetAsync(ProtocolHost.ConfigMaps, Key, ReadFreshness.Linearizable, default);
        Assert.True(left.Succeeded, left.Error?.Message);
    }

    private static Task<ProtocolHost> StartAsync() => ProtocolHost.StartAsync(
        configure: static services => services.AddSingleton<IAdmissionPlugin, NoDeletions>());

    private static async Task<(IResourceClient Client, ResourceObject Item)> CreateAsync(ProtocolHost host)
    {
        var client = host.Services.GetRequiredService<IResourceClient>();
        await client.CreateAsync(new V1Namespace { Metadata = new V1ObjectMeta { Name = Key.Namespace } }, default);
        var metadata = new V1ObjectMeta
        {
            Name = Key.Name, NamespaceProperty = Key.Namespace, Finalizers = ["example.com/keep"],
        };
        var created = await client.CreateAsync(new V1ConfigMap { Metadata = metadata }, default);
        return (client, created.Required);
    }

    private static DeleteRequest Of(ResourceObject item) => new()
    {
        Resource = ProtocolHost.ConfigMaps, Key = item.Key, Uid = item.Uid,
        ResourceVersion = item.Revision.ToString(CultureInfo.InvariantCulture), IsExpiry = true,
    };

    private sealed class NoDeletions : IAdmissionPlugin
    {
        // As a webhook of everything would.
        public string Name => "ValidatingAdmissionWebhook";

        public bool Handles(AdmissionAttributes attributes) => attributes.Operation == AdmissionOperation.Delete;

        public ValueTask<Status?> ValidateAsync(AdmissionAttributes attributes, CancellationToken cancellationToken) =>
            new(StatusErrors.BadRequest("no"));
    }
}
