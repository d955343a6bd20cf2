using CsCheck;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using OrleansOrchestrator.Api.Kubelet;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.SeedKit;
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
        .List[0, 6].Check(parts =>
    {
        var outcome = Read(
            "?" + string.Join('&', parts.Select(p => $"{Names[p.Item1]}={Uri.EscapeDataString(p.Item2)}")));
        if (!outcome.Succeeded)
        {
            Assert.InRange(outcome.Error.Code, 400, 422);
            return;
        }

        var passed = QueryHelpers.ParseQuery(outcome.Value);
        Assert.DoesNotContain("other", passed.Keys);
    });

    [Theory]
    [InlineData("?timestamps=&follow=maybe&previous=yes", "?follow=true&previous=true&timestamps=true")]
    [InlineData("?timestamps=0&follow=FALSE&previous=false", "")]
    [InlineData("?tailLines=3&tailLines=x&limitBytes=%2B7", "?tailLines=3&limitBytes=7")]
    [InlineData("?sinceTime=2026-11-23T05:00:00.999999999%2B01:00", "?sinceTime=2026-11-23T04%3A00%3A00Z")]
    [InlineData("?sinceTime=", "?sinceTime=0001-01-01T00%3A00%3A00Z")]
    [InlineData("?FOLLOW=true&TailLines=x", "")]
    public void What_is_asked_goes_to_the_node_as_upstream_reads_it(string query, string passed) =>
        Assert.Equal(passed, PodLogOptions.Read("p", Queries.Parse(query)).Required);

    [Theory]
    [InlineData("?tailLines=", "strconv.ParseInt: parsing \"\": invalid syntax")]
    [InlineData("?sinceTime=2026-13-01T00:00:00Z", "parsing time \"2026-13-01T00:00:00Z\": month out of range")]
    [InlineData(
        "?sinceTime=2026-11-23",
        "parsing time \"2026-11-23\" as \"2006-01-02T15:04:05Z07:00\": cannot parse \"\" as \"T\"")]
    [InlineData("?stream=", "PodLogOptions \"p\" is invalid: stream: Forbidden: may not be specified")]
    public void What_cannot_be_read_is_refused_in_upstreams_words(string query, string message) =>
        Assert.Equal(message, PodLogOptions.Read("p", Queries.Parse(query)).Error?.Message);

    private static Outcome<string> Read(string query) =>
        PodLogOptions.Read("p", new QueryCollection(QueryHelpers.ParseQuery(query)));
}
