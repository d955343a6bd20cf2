using System.Text;
using OrleansOrchestrator.Api.Store;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.Store;

/// <summary>What upstream's store takes is stored here, and what it refuses is refused in its words.</summary>
public sealed class ObjectSizeTests
{
    private const int Mebibyte = 1024 * 1024;
    private const string TooLarge = "etcdserver: request is too large";

    private static readonly ResourceName Boats = new("h.example.com", "boats");

    [Theory]
    [InlineData(Mebibyte, null)]
    [InlineData(3 * Mebibyte / 2, TooLarge)]
    [InlineData(2 * Mebibyte, "rpc error: code = ResourceExhausted desc = trying to send message larger than max (2097239 vs. 2097152)")]
    public void ACustomObjectIsAsLargeAsItsJson(int bytes, string? message)
    {
        var refusal = ObjectSize.Check(Boats, Json("h.example.com/v1", "Boat", new string('a', bytes)));
        Assert.Equal(message, refusal?.Message);
        Assert.Equal(message is null ? null : 500, refusal?.Code);
    }

    /// <summary>Line ends take two bytes in JSON and one in protobuf.</summary>
    [Theory]
    [InlineData(Mebibyte, null)]
    [InlineData(3 * Mebibyte / 2, TooLarge)]
    public void AnotherAsItsMessage(int lines, string? message) => Assert.Equal(
        message,
        ObjectSize.Check(WellKnown.ConfigMaps, Json("v1", "ConfigMap", string.Concat(Enumerable.Repeat("\\n", lines))))?.Message);

    private static byte[] Json(string version, string kind, string text) => Encoding.UTF8.GetBytes(
        $$$"""{"apiVersion":"{{{version}}}","kind":"{{{kind}}}","metadata":{"name":"a"},"data":{"a":"{{{text}}}"}}""");
}
