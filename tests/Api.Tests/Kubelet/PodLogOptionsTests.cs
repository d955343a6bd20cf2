using CsCheck;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using OrleansOrchestrator.Api.Kubelet;
using OrleansOrchestrator.Interfaces.Kernel;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.Kubelet;

public sealed class PodLogOptionsTests
{
    private static readonly string[] Names =
        ["follow", "previous", "timestamps", "sinceSeconds", "sinceTime", "tailLines", "limitBytes", "stream", "other"];

    private static readonly string[] Values =
        ["", "0", "1", "-1", "true", "9223372036854775808", "+", "-", "Stdout", "2026-01-01T00:00:00Z",
            "0001-01-01T00:00:00+14:00", " 1"];

    [Theory]
    [InlineData("?tailLines=x", "strconv.ParseInt: parsing \"x\": invalid syntax")]
    [InlineData("?tailLines=-", "strconv.ParseInt: parsing \"-\": invalid syntax")]
    [InlineData(
        "?limitBytes=9223372036854775808", "strconv.ParseInt: parsing \"9223372036854775808\": value out of range")]
    public void Numbers_that_are_none_are_refused_in_gos_words(string query, string message) =>
        Assert.Equal(message, Read(query).Error?.Message);

    [Fact]
    public void Whatever_is_asked_is_passed_on_or_refused() => Gen.Select(
        Gen.Int[0, Names.Length - 1],
        Gen.OneOf(Gen.Int[0, Values.Length - 1].Select(i => Values[i]), Gen.String[0, 12]))
        .List[0, 6].Sample(parts =>
    {
        var outcome = Read(
            "?" + string.Join('&', parts.Select(p => $"{Names[p.Item1]}={Uri.EscapeDataString(p.Item2)}")));
        if (!outcome.Succeeded)
        {
            Assert.InRange(outcome.Error.Code, 400, 422);
            return;
        }

        var passed = QueryHelpers.ParseQuery("?" + outcome.Value);
        Assert.DoesNotContain("other", passed.Keys);
    });

    private static Outcome<string> Read(string query) =>
        PodLogOptions.Read("p", new QueryCollection(QueryHelpers.ParseQuery(query)));
}
