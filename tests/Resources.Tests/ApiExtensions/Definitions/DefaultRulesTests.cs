using OrleansOrchestrator.Resources.ApiExtensions.Definitions;
using OrleansOrchestrator.Resources.ApiExtensions.Schemas;
using OrleansOrchestrator.Resources.Kernel;
using Xunit;

namespace OrleansOrchestrator.Resources.Tests.ApiExtensions.Definitions;

public sealed class DefaultRulesTests
{
    private static readonly string Rule = $$"""{"rule":"self.matches('{{new string('a', 1_000)}}')"}""";

    /// <summary>
    /// What four rules are kept by, each of which costs some 900,000, a tenth of its length by a quarter of the
    /// pattern's; all rules together have ten million.
    /// </summary>
    private static readonly string Costly =
        $$"""
        {"type":"string","default":"{{new string('a', 36_000)}}","x-kubernetes-validations":
        [{{string.Join(',', Enumerable.Repeat(Rule, 4))}}]}
        """;

    /// <summary>Each could have been asked alone.</summary>
    [Fact]
    public void TheRulesOnAllDefaultsShareOneBudget()
    {
        var findings = Findings(Costly, Costly, Costly, """{"type":"integer","default":"no number"}""");
        Assert.EndsWith(
            "validation failed due to running out of cost budget, no further validation rules will be run",
            Assert.Single(findings), StringComparison.Ordinal);
        Assert.StartsWith("s.properties[c].default: ", findings[0], StringComparison.Ordinal);
    }

    /// <summary>Each is asked twice, which counts once.</summary>
    [Fact]
    public void WhatTheBudgetIsEnoughForIsAsked() =>
        Assert.Equal(
            ["s.properties[c].default: Invalid value: \"string\":  in body must be of type integer: \"string\""],
            Findings(Costly, Costly, """{"type":"integer","default":"no number"}"""));

    private static List<string> Findings(params string[] properties)
    {
        var errors = new FieldErrors();
        var named = properties.Index().Select(static p => $"\"{(char)('a' + p.Index)}\":{p.Item}");
        DefaultRules.Validate(
            JsonSchema.Parse($$$"""{"type":"object","properties":{ {{{string.Join(',', named)}}} } }"""),
            FieldPath.Of("s"), errors);
        return [.. errors.All.Select(static e => $"{e.Field}: {e.Message}")];
    }
}
