using Microsoft.AspNetCore.Http;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Api.Kubelet;
using OrleansOrchestrator.Api.Lists;
using OrleansOrchestrator.Interfaces.Kernel;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.Kernel;

/// <summary>Every parameter of every endpoint is read the same way: a table of all of them.</summary>
public sealed class QueryReaderTests
{
    public static TheoryData<string, string> Flags => new()
    {
        { "list", "watch" }, { "list", "allowWatchBookmarks" }, { "list", "sendInitialEvents" },
        { "write", "force" }, { "delete", "orphanDependents" },
        { "log", "follow" }, { "log", "previous" }, { "log", "timestamps" },
        { "exec", "stdin" }, { "exec", "stdout" }, { "exec", "stderr" }, { "exec", "tty" },
        { "attach", "stdin" }, { "attach", "stdout" }, { "attach", "stderr" }, { "attach", "tty" },
    };

    public static TheoryData<string, string> Numbers => new()
    {
        { "list", "timeoutSeconds" }, { "list", "limit" }, { "delete", "gracePeriodSeconds" },
        { "log", "sinceSeconds" }, { "log", "tailLines" }, { "log", "limitBytes" },
    };

    public static TheoryData<string, string> Texts => new()
    {
        { "list", "labelSelector" }, { "list", "fieldSelector" }, { "list", "resourceVersion" },
        { "list", "resourceVersionMatch" }, { "list", "continue" }, { "write", "fieldManager" },
        { "write", "fieldValidation" }, { "delete", "propagationPolicy" },
    };

    [Theory]
    [MemberData(nameof(Flags))]
    public void Flags_are_true_unless_they_say_false_or_0(string options, string name)
    {
        foreach (var (text, expected) in new[]
        {
            ("", true), ("true", true), ("1", true), ("maybe", true), ("yes", true), ("no", true), ("f", true),
            ("0", false), ("false", false), ("FALSE", false), ("False", false),
        })
        {
            Assert.Equal(expected, IsSet(options, $"?{name}={text}", name));
            Assert.Equal(expected, IsSet(options, $"?{name}={text}&{name}=false&{name}=true", name));
        }

        Assert.True(IsSet(options, $"?{name}", name));
        Assert.False(IsSet(options, $"?{name.ToUpperInvariant()}=true", name));
        Assert.False(IsSet(options, $"?{name}=%zz&{name}=a;b", name));
    }

    [Theory]
    [MemberData(nameof(Numbers))]
    public void Numbers_are_read_and_refused_as_Go_does(string options, string name)
    {
        Assert.Null(Read(options, $"?{name}=7&{name}=x"));
        Assert.Null(Read(options, $"?{name}=%2B7"));
        Assert.Null(Read(options, $"?{name.ToUpperInvariant()}=x"));
        foreach (var (text, why) in new[]
        {
            ("", "invalid syntax"), ("x", "invalid syntax"), ("1.5", "invalid syntax"), (" 1", "invalid syntax"),
            ("0x1", "invalid syntax"), ("1_0", "invalid syntax"), ("9223372036854775808", "value out of range"),
        })
        {
            var refusal = Read(options, $"?{name}={text}&{name}=1");
            Assert.Equal(
                (400, $"strconv.ParseInt: parsing \"{text}\": {why}"), (refusal?.Code, refusal?.Message));
        }
    }

    [Theory]
    [MemberData(nameof(Texts))]
    public void Of_a_text_given_twice_the_first_counts(string options, string name)
    {
        var one = Text(options, $"?{name}=Orphan", name);
        Assert.Equal(one, Text(options, $"?{name}=Orphan&{name}=Foreground", name));
        Assert.NotEqual(one, Text(options, $"?{name.ToUpperInvariant()}=Orphan", name));
    }

    [Fact]
    public void Lists_keep_all_their_values()
    {
        Assert.Equal(
            "?output=1&command=ls&command=-l&command=",
            ForNode("exec", "?command=ls&command=-l&command&stdout=yes"));
        Assert.Equal("?output=1", ForNode("attach", "?command=ls&stdout=yes"));
        Assert.Equal(
            "?port=80,81,0",
            ForNode("portforward", "?ports=80,81&ports=0").Replace("%2C", ",", StringComparison.Ordinal));
        Assert.Equal("", ForNode("portforward", "?port=80"));
    }

    [Theory]
    [InlineData("http", "invalid syntax")]
    [InlineData("", "invalid syntax")]
    [InlineData("-1", "invalid syntax")]
    [InlineData("65536", "value out of range")]
    public void Ports_that_are_none_are_refused(string port, string why)
    {
        var error = PodStreamOptions.Read("portforward", Queries.Parse($"?ports=80,{port}")).Error!;
        Assert.Equal(
            (400, $"cannot convert to []int32: strconv.ParseUint: parsing \"{port}\": {why}"),
            (error.Code, error.Message));
    }

    private static string ForNode(string subresource, string query) =>
        PodStreamOptions.ForNode(PodStreamOptions.Read(subresource, Queries.Parse(query)).Required).Value ?? "";

    private static Status? Read(string options, string query) => options switch
    {
        "list" => ListOptions.Read(Queries.Parse(query)).Error,
        "write" => WriteOptions.Read(Queries.Parse(query), "PatchOptions", isApply: true).Error,
        "delete" => DeletionOptions.Read(Queries.Parse(query), default).Error,
        _ => PodLogOptions.Read("p", Queries.Parse(query)).Error,
    };

    private static bool IsSet(string options, string query, string name)
    {
        var parsed = Queries.Parse(query);
        switch (options)
        {
            case "list":
                var list = ListOptions.Read(parsed).Required;
                return name switch
                {
                    "watch" => list.Watch,
                    "allowWatchBookmarks" => list.AllowWatchBookmarks,
                    _ => list.SendInitialEvents ?? false,
                };
            case "write":
                return WriteOptions.Read(Queries.Parse(query + "&fieldManager=m"), "PatchOptions", isApply: true)
                    .Required.Force;
            case "delete":
                return DeletionOptions.Read(parsed, default).Required.OrphanDependents ?? false;
            case "log":
                return PodLogOptions.Read("p", parsed).Required.Contains($"{name}=true", StringComparison.Ordinal);
            default:
                var node = name switch { "stdin" => "input", "stdout" => "output", "stderr" => "error", _ => name };
                return ForNode(options, query).Contains($"{node}=1", StringComparison.Ordinal);
        }
    }

    private static object Text(string options, string query, string name) => options switch
    {
        "list" => ListOptions.Read(Queries.Parse(query)).Required,
        "write" when WriteOptions.Read(Queries.Parse(query), "CreateOptions") is var read =>
            read.Succeeded ? read.Value : read.Error.Message.Split(": supported")[0],
        _ => DeletionOptions.Read(Queries.Parse(query), default).Required,
    };
}
