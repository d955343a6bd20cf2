using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;

namespace OrleansOrchestrator.Cluster.Tests.Silos;

/// <summary>
/// Clients that each keep writing one object, of every journal, through whichever silo is up, so that it can be told
/// when writes to all journals go on after a silo has gone. A client that waits for an answer sends nothing else: what
/// hangs counts.
/// </summary>
public sealed class FailoverProbe(SiloGroup group, int seed) : IAsyncDisposable
{
    /// <summary>An answer that did not come.</summary>
    public const string Hung = "hung";

    private const int ObjectsPerJournal = 3;
    private const string Space = "/api/v1/namespaces/default";
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan CreatePatience = TimeSpan.FromMinutes(2);

    private static readonly TimeSpan AnswerPatience = HttpWorkload.AnswerPatience;

    private readonly CancellationTokenSource _stop = new();
    private readonly HttpClient _http = Client(TimeSpan.FromSeconds(2));
    private readonly List<Writer> _writers = [];
    private readonly ConcurrentQueue<Answer> _answers = new();
    private Task[] _running = [];

    /// <summary>What was answered since the last <see cref="Mark"/>.</summary>
    public IReadOnlyCollection<Answer> Answers => _answers;

    public async Task StartAsync()
    {
        foreach (var (path, body) in Kinds())
        {
            for (var i = 0; i < ObjectsPerJournal; i++)
            {
                var name = $"probe-{seed}-{i}";
                await CreateAsync(path, body.Replace("NAME", name, StringComparison.Ordinal));
                _writers.Add(new Writer($"{path}/{name}", path));
            }
        }

        _running = [.. _writers.Select((w, i) => WriteAsync(w, new Random(seed + i)))];
    }

    /// <summary>Forgets what was; only writes that begin from now on count.</summary>
    public void Mark()
    {
        var now = TimeProvider.System.GetTimestamp();
        _answers.Clear();
        foreach (var writer in _writers)
        {
            writer.Watch(now);
        }
    }

    /// <summary>How long after the mark each object was written again by a call that began after it.</summary>
    public async Task<(string Path, TimeSpan After)[]> AllWrittenAsync(TimeSpan patience)
    {
        using var bound = new CancellationTokenSource(patience, TimeProvider.System);
        return await Task.WhenAll(_writers.Select(async w => (w.Path, await w.Written.WaitAsync(bound.Token))));
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _http.CancelPendingRequests();
        await Task.WhenAll(_running);
        _http.Dispose();
        _stop.Dispose();
    }

    /// <param name="connectPatience">After which another silo may be asked; without it a loaded machine has all the
    /// time that an answer has.</param>
    internal static HttpClient Client(TimeSpan? connectPatience = null)
    {
        var handler = new SocketsHttpHandler { ConnectTimeout = connectPatience ?? AnswerPatience };
#pragma warning disable CA5359 // These silos live on loopback for a minute; whose certificate they show is not what is tested.
        handler.SslOptions.RemoteCertificateValidationCallback = static (_, _, _, _) => true;
#pragma warning restore CA5359
        var client = new HttpClient(handler) { Timeout = AnswerPatience };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", SiloProcess.Token);
        return client;
    }

    private static IEnumerable<(string Path, string Body)> Kinds()
    {
        const string Template =
            """{"metadata":{"labels":{"app":"probe"}},"spec":{"containers":[{"name":"c","image":"i"}]}}""";
        const string Workload = """{"metadata":{"name":"NAME"},"spec":{"replicas":0,"selector":{"matchLabels":{"app":"probe"}},"template":""" + Template + "}}";
        const string Plain = """{"metadata":{"name":"NAME"}}""";
        yield return ($"{Space}/configmaps", Plain);
        yield return ($"{Space}/secrets", Plain);
        yield return ($"{Space}/serviceaccounts", Plain);
        yield return ($"{Space}/endpoints", Plain);
        yield return ($"{Space}/services", """{"metadata":{"name":"NAME"},"spec":{"ports":[{"port":80}]}}""");
        yield return ($"{Space}/pods", """{"metadata":{"name":"NAME"},"spec":{"nodeName":"none","containers":[{"name":"c","image":"i"}]}}""");
        yield return ("/api/v1/namespaces", Plain);
        yield return ("/api/v1/nodes", Plain);
        yield return ("/apis/apps/v1/namespaces/default/deployments", Workload);
        yield return ("/apis/apps/v1/namespaces/default/replicasets", Workload);
        yield return ("/apis/coordination.k8s.io/v1/namespaces/default/leases", Plain);
        yield return ("/apis/discovery.k8s.io/v1/namespaces/default/endpointslices", """{"metadata":{"name":"NAME"},"addressType":"IPv4","endpoints":[]}""");
    }

    // As clients do: again when the answer says so.
    private async Task CreateAsync(string path, string body)
    {
        // Nobody is connected yet: a loaded machine takes longer than the moment that is allowed for it.
        using var created = await Patiently.DoneAsync(
            CreatePatience,
            () => _http.AnsweredAsync(() => new HttpRequestMessage(
                HttpMethod.Post, new Uri(group.Any(new Random(seed)).Url, path))
            {
                Content = new StringContent(body, Encoding.UTF8, "application/json"),
            }),
            static failure => failure is OperationCanceledException);
        if (!created.IsSuccessStatusCode && created.StatusCode is not HttpStatusCode.Conflict)
        {
            throw new InvalidOperationException($"{path}: {await created.Content.ReadAsStringAsync()}");
        }
    }

    private async Task WriteAsync(Writer writer, Random random)
    {
        await foreach (var _ in Patiently.StepsAsync(Pause, _stop.Token))
        {
            var silo = group.Any(random);
            var began = TimeProvider.System.GetTimestamp();
            var what = await PatchAsync(silo, writer.Path, $"{began}");
            var ended = TimeProvider.System.GetTimestamp();
            if (what == Hung && TimeProvider.System.GetElapsedTime(began, ended) < AnswerPatience)
            {
                what = "no connection"; // nobody took the call in time, so nobody let it hang
            }

            _answers.Enqueue(new Answer(writer.Journal, what, TimeProvider.System.GetElapsedTime(began, ended)));
            if (what == "200")
            {
                writer.Wrote(began, ended);
            }
        }
    }

    private async Task<string> PatchAsync(SiloProcess silo, string path, string value)
    {
        var hangs = silo.Hangs;
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Patch, new Uri(silo.Url, path));
            request.Content = JsonContent.Create(
                new { metadata = new { annotations = new { probe = value } } }, new MediaTypeHeaderValue("application/merge-patch+json"));
            using var response = await _http.SendAsync(request, hangs);
            return $"{(int)response.StatusCode}{(response.Headers.RetryAfter is null ? "" : " Retry-After")}";
        }
        catch (TaskCanceledException) when (hangs.IsCancellationRequested)
        {
            return "given up";
        }
        catch (TaskCanceledException)
        {
            return Hung;
        }
        catch (HttpRequestException failure)
        {
            return failure.HttpRequestError.ToString();
        }
    }

    /// <summary>One answer of the API.</summary>
    public sealed record Answer(string Journal, string What, TimeSpan Took);

    private sealed class Writer(string path, string journal)
    {
        private long _since;
        private TaskCompletionSource<TimeSpan> _written = new();

        public string Path => path;

        public string Journal => journal;

        public Task<TimeSpan> Written => Volatile.Read(ref _written).Task;

        public void Watch(long since)
        {
            Volatile.Write(ref _since, since);
            Volatile.Write(
                ref _written, new TaskCompletionSource<TimeSpan>(TaskCreationOptions.RunContinuationsAsynchronously));
        }

        public void Wrote(long began, long ended)
        {
            var since = Volatile.Read(ref _since);
            if (began >= since)
            {
                Volatile.Read(ref _written).TrySetResult(TimeProvider.System.GetElapsedTime(since, ended));
            }
        }
    }
}
