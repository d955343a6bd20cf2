using System.Text;
using OrleansOrchestrator.Api.Negotiation;
using OrleansOrchestrator.Resources;
using OrleansOrchestrator.Resources.Kernel;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.Negotiation;

public sealed class ProtobufShelfTests
{
    private static readonly ResourceDefinition ConfigMaps =
        BuiltInResources.Table.All.First(d => d.Name == ProtocolHost.ConfigMaps);

    [Fact]
    public void AMessageIsMadeOnceForAllWhoWantIt()
    {
        var shelf = new ProtobufShelf();
        var stored = Stored("a");
        Assert.True(shelf.MessageOf(ConfigMaps, stored).Equals(shelf.MessageOf(ConfigMaps, stored)));
        Assert.False(shelf.MessageOf(ConfigMaps, stored).Equals(shelf.MessageOf(ConfigMaps, Stored("a"))));
    }

    [Fact]
    public void WhatIsKeptIsBoundedAndWhatIsUsedStays()
    {
        const long Bound = 64 * 1024;
        var shelf = new ProtobufShelf(Bound);
        var favourite = Stored("favourite");
        var message = shelf.MessageOf(ConfigMaps, favourite);
        var forgotten = Stored("forgotten");
        var first = shelf.MessageOf(ConfigMaps, forgotten);
        for (var i = 0; i < 5000; i++)
        {
            shelf.MessageOf(ConfigMaps, Stored($"c{i}"));
            Assert.True(shelf.Bytes <= Bound + 1024, $"{shelf.Bytes}");
            Assert.True(shelf.MessageOf(ConfigMaps, favourite).Equals(message));
        }

        Assert.False(shelf.MessageOf(ConfigMaps, forgotten).Equals(first));
    }

    [Fact]
    public void ManyMayAskAtOnce()
    {
        var shelf = new ProtobufShelf(32 * 1024);
        var all = Enumerable.Range(0, 500).Select(i => Stored($"c{i}")).ToArray();
        Parallel.For(0, 20_000, i =>
        {
            var stored = all[i % all.Length];
            var message = shelf.MessageOf(ConfigMaps, stored);
            Assert.True(message.Span.SequenceEqual(ProtobufForm.Of(ConfigMaps)!.Encode(stored.Span)));
        });
    }

    private static ReadOnlyMemory<byte> Stored(string name) => Encoding.UTF8.GetBytes(
        $"{{\"kind\":\"ConfigMap\",\"apiVersion\":\"v1\",\"metadata\":{{\"name\":\"{name}\"}},\"data\":{{\"k\":\"v\"}}}}");
}
