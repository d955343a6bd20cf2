using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using OrleansOrchestrator.Interfaces.Core.Nodes;
using OrleansOrchestrator.Interfaces.Kernel;
using Xunit;

namespace OrleansOrchestrator.Golden.Nodes;

/// <summary>How the cluster has nodes make and remove directories of volumes.</summary>
public sealed class NodeVolumesTests
{
    [Fact]
    public async Task ANodeIsAskedByItsOwnPort()
    {
        var asked = new List<string>();
        await using var node = await FakeNode.StartAsync(context =>
        {
            asked.Add($"{context.Request.Method} {context.Request.Path}");
            return context.Response.WriteAsync("/data/pvc-1");
        });
        var volumes = node.Services.GetRequiredService<INodeVolumes>();

        var made = await volumes.MakeAsync("n", "pvc-1", TestContext.Current.CancellationToken);
        var removed = await volumes.RemoveAsync("n", "pvc-1", TestContext.Current.CancellationToken);

        Assert.Equal("/data/pvc-1", made.Value);
        Assert.True(removed.Succeeded);
        Assert.Equal(["PUT /localVolumes/pvc-1", "DELETE /localVolumes/pvc-1"], asked);
    }

    /// <summary>
    /// Only a Node that does not exist is not found: whatever else goes wrong, data may still be there.
    /// </summary>
    [Theory]
    [InlineData("n", 404, "node n: gone")]
    [InlineData("n", 409, "node n: gone")]
    [InlineData("n", 500, "node n: gone")]
    [InlineData("other", 200, null)]
    public async Task WhatANodeRefusesIsNeverTakenForDone(string name, int code, string? problem)
    {
        await using var node = await FakeNode.StartAsync(context =>
        {
            context.Response.StatusCode = code;
            return context.Response.WriteAsync("gone");
        });

        var removed = await node.Services.GetRequiredService<INodeVolumes>()
            .RemoveAsync(name, "pvc-1", TestContext.Current.CancellationToken);

        Assert.False(removed.Succeeded);
        Assert.Equal(problem is null, removed.Error.Reason == StatusReasons.NotFound);
        Assert.Contains(problem ?? "\"other\" not found", removed.Error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AnImpostorIsNotAsked()
    {
        await using var node = new FakeNode { IsImpostor = true };
        await node.InitializeAsync();

        var removed = await node.Services.GetRequiredService<INodeVolumes>()
            .RemoveAsync("n", "pvc-1", TestContext.Current.CancellationToken);

        Assert.False(removed.Succeeded);
        Assert.NotEqual(StatusReasons.NotFound, removed.Error.Reason);
    }
}
