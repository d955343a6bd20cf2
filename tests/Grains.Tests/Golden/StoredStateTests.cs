using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Serialization;
using OrleansOrchestrator.Grains.Core.Services;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Grains.Security;
using OrleansOrchestrator.Interfaces.Kernel;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Golden;

/// <summary>
/// States of grains as releases wrote them into PostgreSQL: a newer release must read them. Every line of
/// <c>stored-state.txt</c> stays as it is for ever; a state that is written in another way gets a line more.
/// </summary>
public sealed class StoredStateTests
{
    private static readonly Serializer Serializer =
        new ServiceCollection().AddSerializer().BuildServiceProvider().GetRequiredService<Serializer>();

    private static readonly Dictionary<string, object> Samples = new(StringComparer.Ordinal)
    {
        ["child-cursor"] = new ChildCursor { Value = 42 },
        ["cluster-identity"] = new ClusterIdentityState
        {
            ClusterId = "c", AuthorityPem = "a", AuthorityKeyPem = "k", TokenKeyId = "i", TokenKeyPem = "t",
        },
        ["service-addresses"] = new ServiceAddressState
        {
            Reservations =
            [
                new ServiceAddressReservation
                {
                    Id = "r", Service = new ObjectKey("ns", "s"), ClusterIP = "10.96.0.9", NodePorts = new List<int> { 30000, 30001 },
                    Since = new DateTimeOffset(2026, 11, 28, 1, 2, 3, TimeSpan.Zero),
                },
            ],
        },
    };

    private static string[][] Lines =>
    [
        .. File.ReadAllLines(Path.Combine(AppContext.BaseDirectory, "Golden", "stored-state.txt"))
            .Where(static l => !l.StartsWith('#')).Select(static l => l.Split(' ')),
    ];

    [Fact]
    public void What_a_release_wrote_is_read() => Assert.All(Lines, static line =>
        Assert.Equal(
            JsonSerializer.Serialize(Samples[line[0]], Samples[line[0]].GetType()),
            JsonSerializer.Serialize(Read(line[0], Convert.FromBase64String(line[1])), Samples[line[0]].GetType())));

    [Fact]
    public void What_this_release_writes_is_among_it() => Assert.All(Samples, static sample =>
        Assert.Contains($"{sample.Key} {Convert.ToBase64String(Write(sample.Value))}", Lines.Select(static l => $"{l[0]} {l[1]}")));

    private static byte[] Write(object state) => state switch
    {
        ChildCursor cursor => Serializer.SerializeToArray(cursor),
        ClusterIdentityState identity => Serializer.SerializeToArray(identity),
        ServiceAddressState addresses => Serializer.SerializeToArray(addresses),
        _ => throw new ArgumentException($"{state.GetType()} is not stored.", nameof(state)),
    };

    private static object Read(string name, byte[] bytes) => name switch
    {
        "child-cursor" => Serializer.Deserialize<ChildCursor>(bytes)!,
        "cluster-identity" => Serializer.Deserialize<ClusterIdentityState>(bytes)!,
        _ => Serializer.Deserialize<ServiceAddressState>(bytes)!,
    };
}
