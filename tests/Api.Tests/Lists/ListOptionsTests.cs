using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using OrleansOrchestrator.Api.Lists;
using OrleansOrchestrator.Api.Watch;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.Lists;

public sealed class ListOptionsTests
{
    [Theory]
    [InlineData("?limit=x", "strconv.ParseInt: parsing \"x\": invalid syntax")]
    [InlineData("?timeoutSeconds=abc", "strconv.ParseInt: parsing \"abc\": invalid syntax")]
    [InlineData(
        "?limit=99999999999999999999", "strconv.ParseInt: parsing \"99999999999999999999\": value out of range")]
    public void RefusesNumbersInGosWords(string query, string message)
    {
        var error = ListOptions.Read(Query(query)).Error!;
        Assert.Equal(400, error.Code);
        Assert.Equal(message, error.Message);
    }

    [Theory]
    [InlineData("?watch=maybe", true)]
    [InlineData("?watch=", true)]
    [InlineData("?watch=0", false)]
    [InlineData("?watch=FALSE", false)]
    [InlineData("", false)]
    public void ReadsFlagsLikeUpstream(string query, bool watch) =>
        Assert.Equal(watch, ListOptions.Read(Query(query)).Required.Watch);

    [Theory]
    [InlineData(
        "?resourceVersionMatch=Exact",
        "resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided")]
    [InlineData(
        "?resourceVersion=3&resourceVersionMatch=Foo",
        "resourceVersionMatch: Unsupported value: \"Foo\": supported values: \"Exact\", \"NotOlderThan\", \"\"")]
    [InlineData(
        "?resourceVersion=0&resourceVersionMatch=Exact",
        "resourceVersionMatch: Forbidden: resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"")]
    [InlineData("?sendInitialEvents=true", "sendInitialEvents: Forbidden: sendInitialEvents is forbidden for list")]
    public void RefusesListCombinations(string query, string finding) => Assert.Equal(
        $"ListOptions.meta.k8s.io \"\" is invalid: {finding}", ListOptions.Read(Query(query)).Required.Validate()!.Message);

    [Theory]
    [InlineData(
        "?sendInitialEvents=true",
        "resourceVersionMatch: Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan")]
    [InlineData("?resourceVersion=3&resourceVersionMatch=NotOlderThan", "resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided")]
    [InlineData(
        "?continue=abc",
        "resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden when continue is provided")]
    public void RefusesWatchCombinations(string query, string finding) => Assert.Equal(
        $"ListOptions.meta.k8s.io \"\" is invalid: {finding}",
        WatchPlan.Complete(ListOptions.Read(Query(query)).Required).Validate()!.Message);

    /// <summary>A token is of no account to a watch; without a version it is the completed match that is refused.
    /// </summary>
    [Fact]
    public void AWatchFromAVersionTakesNoNoteOfAToken() => Assert.Null(
        WatchPlan.Complete(ListOptions.Read(Query("?continue=abc&resourceVersion=3")).Required).Validate());

    [Fact]
    public void AWatchFromNowhereBeginsWithThePresent()
    {
        var options = WatchPlan.Complete(ListOptions.Read(Query("?allowWatchBookmarks=perhaps")).Required);
        Assert.True(options.SendInitialEvents);
        Assert.True(options.AllowWatchBookmarks);
        Assert.Null(options.Validate());
    }

    private static QueryCollection Query(string text) => new(QueryHelpers.ParseQuery(text));
}
