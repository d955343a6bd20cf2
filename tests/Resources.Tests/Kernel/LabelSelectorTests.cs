using System.Text.Json;
using CsCheck;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.Resources.Tests.Golden;
using OrleansOrchestrator.SeedKit;
using Xunit;

namespace OrleansOrchestrator.Resources.Tests.Kernel;

public sealed class LabelSelectorTests
{
    private static readonly Gen<string> Noise =
        Gen.Char["abin ot()=!,<>/.-_0\t\n\0é"].Array[0, 24].Select(c => new string(c));

    private static readonly Gen<string> Word = Pick("env", "tier", "a/b", "in", "notin", "n", "x.y/z");

    private static readonly Gen<string> Requirement = Gen.Select(Word, Gen.Int[0, 7], Pick("prod", "5", "", "in"), (key, kind, value) => kind switch
    {
        0 => key,
        1 => "!" + key,
        2 => $"{key}={value}",
        3 => $"{key}!={value}",
        4 => $"{key} in ({value},dev)",
        5 => $"{key} notin ({value})",
        6 => $"{key}>4",
        _ => $"{key}<6",
    });

    private static readonly Gen<Dictionary<string, string>> Labels =
        Gen.Dictionary(Word, Pick("prod", "dev", "5", "12", ""))[0, 4];

    [Fact]
    public void SelectsAndRefusesAsRecorded()
    {
        var objects = new SortedDictionary<string, Dictionary<string, string>>(StringComparer.Ordinal);
        var compared = 0;
        foreach (var step in GoldenExchanges.Read("selectors/label-selectors"))
        {
            if (step.Method == "POST" && step.Path.EndsWith("/configmaps", StringComparison.Ordinal))
            {
                var metadata = step.Request.GetProperty("body").GetProperty("metadata");
                objects[metadata.GetProperty("name").GetString()!] = metadata.TryGetProperty("labels", out var labels)
                    ? labels.EnumerateObject().ToDictionary(l => l.Name, l => l.Value.GetString()!)
                    : [];
            }
            else if (step.Method == "GET" && SelectorOf(step) is { } text)
            {
                Compare(step, text, objects);
                compared++;
            }
        }

        Assert.True(compared > 30);
    }

    [Fact]
    public void NoTextBreaksTheParser() => Noise.Check(text =>
    {
        var outcome = LabelSelector.Parse(text);
        Assert.True(outcome.Succeeded || outcome.Error.Code == 400);
    });

    [Fact]
    public void WhatIsPrintedMeansTheSame() => Gen.Select(Requirement.Array[1, 4], Labels).Check((requirements, labels) =>
    {
        var first = LabelSelector.Parse(string.Join(',', requirements)).Required;
        var second = LabelSelector.Parse(first.ToString()).Required;
        Assert.Equal(first.Matches(labels), second.Matches(labels));
    });

    /// <summary>Whoever is told of a selector, as webhooks that authorize are, gets the same for the same.</summary>
    [Theory]
    [InlineData("b in (z,y,z),a=1", "a=1,b in (y,z)")]
    [InlineData("b,!a,B", "B,!a,b")]
    [InlineData("a>2,a<4", "a>2,a<4")]
    public void IsOrderedByKey(string text, string printed) =>
        Assert.Equal(printed, LabelSelector.Parse(text).Required.ToString());

    [Fact]
    public void AgreesWithANaiveReading() => Gen.Select(Requirement, Labels).Check((requirement, labels) =>
        Assert.Equal(Naive(requirement, labels), LabelSelector.Parse(requirement).Required.Matches(labels)));

    [Fact]
    public void NullSelectsNothingAndEmptyEverything()
    {
        Assert.False(LabelSelector.Of((k8s.Models.V1LabelSelector?)null).Matches(new Dictionary<string, string>()));
        Assert.True(LabelSelector.Of(new k8s.Models.V1LabelSelector()).Matches(new Dictionary<string, string>()));
    }

    private static Gen<string> Pick(params string[] values) => Gen.Int[0, values.Length - 1].Select(i => values[i]);

    private static bool Naive(string requirement, Dictionary<string, string> labels)
    {
        if (requirement[0] == '!')
        {
            return !labels.ContainsKey(requirement[1..]);
        }

        foreach (var (op, at) in new[] { " notin (", " in (", "!=", "=", ">", "<" }.Select(o => (o, requirement.IndexOf(o, StringComparison.Ordinal))))
        {
            if (at < 0)
            {
                continue;
            }

            var has = labels.TryGetValue(requirement[..at], out var value);
            var rest = requirement[(at + op.Length)..].TrimEnd(')');
            return op.Trim(' ', '(') switch
            {
                "in" => has && rest.Split(',').Contains(value),
                "notin" => !has || !rest.Split(',').Contains(value),
                "!=" => !has || value != rest,
                "=" => has && value == rest,
                ">" => has && long.TryParse(value, out var more) && more > long.Parse(rest),
                _ => has && long.TryParse(value, out var less) && less < long.Parse(rest),
            };
        }

        return labels.ContainsKey(requirement);
    }

    private static string? SelectorOf(GoldenStep step)
    {
        var query = step.Path[(step.Path.IndexOf('?', StringComparison.Ordinal) + 1)..];
        var first = query.Split('&').FirstOrDefault(p => p.StartsWith("labelSelector=", StringComparison.Ordinal));
        return first is null ? null : Uri.UnescapeDataString(first["labelSelector=".Length..]);
    }

    private static void Compare(
        GoldenStep step, string text, IReadOnlyDictionary<string, Dictionary<string, string>> objects)
    {
        var outcome = LabelSelector.Parse(text);
        var body = step.Response.GetProperty("body");
        if (step.Status != 200)
        {
            Assert.False(outcome.Succeeded, $"{step} was accepted");
            Assert.Equal(body.GetProperty("message").GetString(), outcome.Error.Message);
            return;
        }

        Assert.True(outcome.Succeeded, $"{step}: {outcome.Error?.Message}");
        var items = body.GetProperty("items");
        var wanted = items.ValueKind == JsonValueKind.Array
            ? items.EnumerateArray().Select(i => i.GetProperty("metadata").GetProperty("name").GetString())
            : [];
        Assert.Equal(wanted, objects.Where(o => outcome.Value.Matches(o.Value)).Select(o => o.Key));
    }
}
