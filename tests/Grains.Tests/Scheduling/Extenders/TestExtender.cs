using System.Collections.Concurrent;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansOrchestrator.Grains.Scheduling.Extenders;
using OrleansOrchestrator.TestKit.Remote;

namespace OrleansOrchestrator.Grains.Tests.Scheduling.Extenders;

/// <summary>An extender as people write them: an HTTP server that answers verbs as a test says.</summary>
internal sealed class TestExtender : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, Func<JsonNode, string>> _answers = [];
    private TestRemote _remote = null!;

    /// <summary>What it was asked: the verb, and with what.</summary>
    public ConcurrentQueue<(string Verb, JsonNode Question)> Asked { get; } = new();

    /// <summary>Awaited before each answer.</summary>
    public Func<HttpContext, Task> Hold { get; set; } = static _ => Task.CompletedTask;

    public string Url => _remote.Url("/scheduler");

    public ExtenderSettings Settings => new() { UrlPrefix = Url + "/", FilterVerb = "filter", KnowsNodes = true };

    public static async Task<TestExtender> StartAsync(
        X509Certificate2? certificate = null, bool asksForCertificate = false)
    {
        var extender = new TestExtender();
        extender._remote = await TestRemote.StartAsync(
            certificate, (_, context) => extender.AnswerAsync(context), asksForCertificate: asksForCertificate);
        return extender;
    }

    /// <summary>A set of it alone.</summary>
    public ExtenderSet Set(ExtenderSettings settings, TimeProvider? time = null) =>
        new([settings], time ?? TimeProvider.System, NullLogger.Instance);

    /// <summary>Answers a verb, with JSON or else with a status of HTTP.</summary>
    public TestExtender On(string verb, Func<JsonNode, string> answer)
    {
        _answers[verb] = answer;
        return this;
    }

    public TestExtender On(string verb, string answer) => On(verb, _ => answer);

    public ValueTask DisposeAsync() => _remote.DisposeAsync();

    private async Task AnswerAsync(HttpContext context)
    {
        var verb = context.Request.Path.Value!.Split('/')[^1];
        var question = (await JsonNode.ParseAsync(context.Request.Body))!;
        Asked.Enqueue((verb, question));
        await Hold(context);
        var answer = _answers.TryGetValue(verb, out var known) ? known(question) : "404";
        if (int.TryParse(answer, out var status))
        {
            context.Response.StatusCode = status;
            return;
        }

        context.Response.ContentType = "application/json";
        await context.Response.WriteAsync(answer);
    }
}
