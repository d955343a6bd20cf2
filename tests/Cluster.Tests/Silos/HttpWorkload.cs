using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using OrleansOrchestrator.Grains.Kernel;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.TestKit;

namespace OrleansOrchestrator.Cluster.Tests.Silos;

/// <summary>
/// Clients that write, list and watch objects of one kind, ConfigMaps unless told otherwise, through whichever silo is
/// up, and record what they are told. A watcher that loses its silo resumes at another one: what it got in all must be
/// an unbroken run.
/// </summary>
public sealed class HttpWorkload(SiloGroup group, int seed, WorkloadKind? kind = null) : IAsyncDisposable
{
    private const int Writers = 4;
    private const int Readers = 2;
    private const int Watchers = 3;
    private const int Keys = 8;
    private const int MaxLog = 1_000_000;
    /// <summary>
    /// No answer may take longer. The API tries for 5 s to read and for 5 s to write; the last attempts may take
    /// another 4 and 10 s. More than twice that, because the machine has other things to do.
    /// </summary>
    public static readonly TimeSpan AnswerPatience = TimeSpan.FromSeconds(60);

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(5);

    private readonly WorkloadKind _kind = kind ?? WorkloadKind.ConfigMaps;
    private readonly JournalHistory _history = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentDictionary<string, int> _failures = new();
    private readonly ConcurrentBag<string> _deleted = [];
    private readonly ConcurrentBag<string> _violations = [];
    private readonly List<HistoryWatch> _watches = [];
    private readonly HttpClient _http = FailoverProbe.Client();
    private List<Task> _clients = [];
    private List<Task> _watching = [];
    private long _target = long.MaxValue;
    private int _acknowledged;
    private int _pagedLists;
    private long _began;
    private TaskCompletionSource _wrote = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public int Acknowledged => _acknowledged;

    /// <summary>How many lists were read to their last page.</summary>
    public int PagedLists => _pagedLists;

    public IEnumerable<string> FailureKinds => _failures.Keys;

    public string Failures => string.Join(", ", _failures.Select(static f => $"{f.Key}: {f.Value}"));

    public async Task StartAsync()
    {
        var (after, _) = await FirstListAsync(new Random(seed));
        _began = after;
        _watching = [.. Enumerable.Range(0, Watchers).Select(i => WatchAsync(after, new Random(seed + 1000 + i)))];
        _clients =
        [
            .. Enumerable.Range(0, Writers).Select(i => WriteAsync(i, new Random(seed + i))),
            .. Enumerable.Range(0, Readers).Select(i => ReadAsync(new Random(seed + 500 + i))),
        ];
    }

    /// <summary>
    /// Returns when this many more writes have been acknowledged, each of which began or ended after now.
    /// </summary>
    public async Task WritesAsync(int count, TimeSpan patience)
    {
        var goal = Volatile.Read(ref _acknowledged) + count;
        using var bound = new CancellationTokenSource(patience, TimeProvider.System);
        while (Volatile.Read(ref _acknowledged) < goal)
        {
            var wrote = Volatile.Read(ref _wrote);
            if (Volatile.Read(ref _acknowledged) < goal)
            {
                await wrote.Task.WaitAsync(bound.Token);
            }
        }
    }

    /// <summary>One more watcher, which has missed everything since the start.</summary>
    public void WatchFromTheStart() => _watching.Add(WatchAsync(_began, new Random(seed + 2000 + _watching.Count)));

    /// <summary>Stops the clients, lets the watchers see the end, and checks the record against PostgreSQL.</summary>
    public async Task<List<string>> FinishAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_clients);
        var (last, _) = await FirstListAsync(new Random(seed));
        Volatile.Write(ref _target, last);
        // A change after the target ends watches that have already seen it.
        await SendAsync(group.Any(new Random(seed)), HttpMethod.Post, _kind.Space, Body($"the-end-{seed}", "1", null));
        await Task.WhenAll(_watching).WaitAsync(AnswerPatience);

        await using var store = new PostgresJournalStore(PostgresDataSources.ForJournals(group.Connection));
        var log =
            (await store.ReadChangesAsync(_kind.Name, IJournalStore.FirstRevision, MaxLog, CancellationToken.None))
            .Changes.Select(static c => c with { Object = Canonical(c.Object.Json) }).ToList();
        foreach (var watch in _watches)
        {
            // HTTP does not tell what a change replaced.
            _history.Add(
                watch with { Events = [.. watch.Events.Select(e => e with { PreviousRevision = Before(log, e) })] });
        }

        var gone = log.Where(static c => c.Kind == ChangeKind.Deleted).Select(static c => c.Object.Uid).ToHashSet();
        return
        [
            .. _violations,
            .. _history.Check(log),
            .. _deleted.Where(uid => !gone.Contains(uid)).Select(
                static uid => $"Durable: the acknowledged deletion of {uid} is not in the log"),
        ];
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        Volatile.Write(ref _target, 0);
        _http.Dispose();
        await Task.WhenAll([.. _clients, .. _watching]).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private static long Before(List<Change> log, Change change)
    {
        var index = change.Object.Revision - IJournalStore.FirstRevision - 1;
        return index < log.Count ? log[(int)index].PreviousRevision : -1;
    }

    private object Body(string name, string value, string? revision) => new
    {
        apiVersion = _kind.ApiVersion, kind = _kind.Kind, metadata = new { name, resourceVersion = revision },
        data = new { value },
    };

    private async Task WriteAsync(int writer, Random random)
    {
        var known = new Dictionary<string, string>();
        await foreach (var step in Patiently.StepsAsync(Pause, _stop.Token))
        {
            var name = $"k{random.Next(Keys)}";
            var value = $"{writer}-{step}";
            var began = _history.Now();
            var (method, path, body) = random.Next(10) switch
            {
                < 4 => (HttpMethod.Post, _kind.Space, Body(name, value, null)),
                < 8 => (
                    HttpMethod.Put, $"{_kind.Space}/{name}",
                    Body(name, value, random.Next(2) == 0 ? known.GetValueOrDefault(name) : null)),
                _ => (HttpMethod.Delete, $"{_kind.Space}/{name}", null),
            };
            if (await SendAsync(group.Any(random), method, path, body) is { } answer)
            {
                Record(method, new ObjectKey("default", name), began, answer, known);
            }
        }
    }

    private void Record(
        HttpMethod method,
        ObjectKey key,
        long began,
        (HttpStatusCode Code, byte[] Bytes) answer,
        Dictionary<string, string> known)
    {
        var ended = _history.Now();
        switch (answer.Code)
        {
            case HttpStatusCode.OK when method == HttpMethod.Delete:
                using (var status = JsonDocument.Parse(answer.Bytes))
                {
                    _deleted.Add(status.RootElement.GetProperty("details").GetProperty("uid").GetString()!);
                }

                Acknowledge();
                break;
            case HttpStatusCode.OK or HttpStatusCode.Created:
                var written = Canonical(answer.Bytes);
                known[key.Name] = written.Revision.ToString(System.Globalization.CultureInfo.InvariantCulture);
                _history.Add(new HistoryStep(HistoryKind.Write, key, began, ended, written.Revision, written));
                Acknowledge();
                break;
            case HttpStatusCode.Conflict when method == HttpMethod.Post:
                _history.Add(new HistoryStep(HistoryKind.RefusedBecauseItExists, key, began, ended, 0, null));
                break;
            case HttpStatusCode.NotFound:
                _history.Add(new HistoryStep(HistoryKind.RefusedBecauseItIsAbsent, key, began, ended, 0, null));
                break;
        }
    }

    private void Acknowledge()
    {
        Interlocked.Increment(ref _acknowledged);
        Interlocked.Exchange(
            ref _wrote, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();
    }

    private async Task ReadAsync(Random random)
    {
        await foreach (var _ in Patiently.StepsAsync(Pause, _stop.Token))
        {
            var began = _history.Now();
            if (random.Next(3) == 0)
            {
                await GetAsync(new ObjectKey("default", $"k{random.Next(Keys)}"), random);
            }
            else if ((random.Next(2) == 0 ? await ListAsync(random) : await PageAsync(random)) is var (revision, items))
            {
                var ended = _history.Now();
                for (var i = 0; i < Keys; i++)
                {
                    var key = new ObjectKey("default", $"k{i}");
                    _history.Add(
                        new HistoryStep(HistoryKind.Read, key, began, ended, revision, items.GetValueOrDefault(key)));
                }
            }
        }
    }

    private async Task GetAsync(ObjectKey key, Random random)
    {
        var began = _history.Now();
        if (await SendAsync(group.Any(random), HttpMethod.Get, $"{_kind.Space}/{key.Name}", null) is { } answer)
        {
            var seen = answer.Code == HttpStatusCode.OK ? Canonical(answer.Bytes) : null;
            _history.Add(new HistoryStep(HistoryKind.ReadOne, key, began, _history.Now(), 0, seen));
        }
    }

    /// <summary>A list in pages, between which others write; all of them must show one state.</summary>
    private async Task<(long Revision, Dictionary<ObjectKey, ResourceObject> Items)?> PageAsync(Random random)
    {
        var (silo, items, revision, token) = (group.Any(random), new Dictionary<ObjectKey, ResourceObject>(), 0L, "");
        do
        {
            var path = $"{_kind.Space}?limit=2&continue={Uri.EscapeDataString(token)}";
            if (await SendAsync(silo, HttpMethod.Get, path, null) is not (HttpStatusCode.OK, var bytes))
            {
                return null;
            }

            using var page = JsonDocument.Parse(bytes);
            var shown = RevisionOf(page.RootElement);
            if (revision != 0 && shown != revision)
            {
                _violations.Add($"Snapshot: a list that began at {revision} went on at {shown}");
            }

            revision = shown;
            foreach (var item in page.RootElement.GetProperty("items").EnumerateArray().Select(Canonical))
            {
                if (!items.TryAdd(item.Key, item))
                {
                    _violations.Add($"Snapshot: {item.Key} was on two pages of a list at {revision}");
                }
            }

            token = page.RootElement.GetProperty("metadata").TryGetProperty("continue", out var next)
                ? next.GetString()!
                : "";
        }
        while (token.Length > 0);
        Interlocked.Increment(ref _pagedLists);
        return (revision, items);
    }

    private async Task<(long Revision, Dictionary<ObjectKey, ResourceObject> Items)?> ListAsync(Random random)
    {
        if (await SendAsync(group.Any(random), HttpMethod.Get, _kind.Space, null) is not (HttpStatusCode.OK, var bytes))
        {
            return null;
        }

        using var list = JsonDocument.Parse(bytes);
        var items =
            list.RootElement.GetProperty("items").EnumerateArray().Select(Canonical).ToDictionary(static o => o.Key);
        return (RevisionOf(list.RootElement), items);
    }

    /// <summary>A list, however often that is refused before: silos that have just lost each other may do so.</summary>
    private async Task<(long Revision, Dictionary<ObjectKey, ResourceObject> Items)> FirstListAsync(Random random)
    {
        var list = await Patiently.LastAsync(AnswerPatience, () => ListAsync(random), static l => l is not null);
        return list ?? throw new InvalidOperationException($"no list: {Failures}");
    }

    private async Task<(HttpStatusCode Code, byte[] Bytes)?> SendAsync(
        SiloProcess silo, HttpMethod method, string path, object? body)
    {
        var hangs = silo.Hangs;
        try
        {
            using var request = new HttpRequestMessage(method, new Uri(silo.Url, path));
            request.Content = body is null ? null : JsonContent.Create(body, options: BodyOptions);
            using var response = await _http.SendAsync(request, hangs);
            if ((int)response.StatusCode >= 500)
            {
                Note($"{method} {(int)response.StatusCode}{(response.Headers.RetryAfter is null ? "" : " Retry-After")}");
                return null;
            }

            return (response.StatusCode, await response.Content.ReadAsByteArrayAsync(hangs));
        }
        catch (TaskCanceledException) when (hangs.IsCancellationRequested)
        {
            Note($"{method} given up");
            return null;
        }
        catch (TaskCanceledException)
        {
            // The one thing that nobody may be left with: no answer at all.
            Note($"{method} hung for {AnswerPatience}");
            return null;
        }
        catch (HttpRequestException failure)
        {
            Note($"{method} {failure.HttpRequestError}");
            return null;
        }
    }

    private static readonly JsonSerializerOptions BodyOptions =
        new(JsonSerializerDefaults.Web) { DefaultIgnoreCondition = System.Text.Json.Serialization.JsonIgnoreCondition.WhenWritingNull };

    /// <summary>True when somebody got no answer within the patience.</summary>
    public bool SomebodyHung => _failures.Keys.Any(static k => k.Contains("hung", StringComparison.Ordinal));

    private void Note(string failure) => _failures.AddOrUpdate(failure, 1, static (_, n) => n + 1);

    private async Task WatchAsync(long after, Random random)
    {
        var watch = new HistoryWatch(after, []);
        lock (_watches)
        {
            _watches.Add(watch);
        }

        var seen = after;
        while (seen < Volatile.Read(ref _target))
        {
            try
            {
                seen = await FollowAsync(group.Any(random), watch, seen);
            }
            catch (Exception lost) when (lost is HttpRequestException or IOException or OperationCanceledException)
            {
                Note("watch lost");
                seen = watch.Events.Count == 0 ? after : watch.Events[^1].Object.Revision;
            }
        }
    }

    private async Task<long> FollowAsync(SiloProcess silo, HistoryWatch watch, long seen)
    {
        var url = new Uri(silo.Url, $"{_kind.All}?watch=1&resourceVersion={seen}&timeoutSeconds=20");
        var hangs = silo.Hangs;
        using var response = await _http.GetAsync(url, HttpCompletionOption.ResponseHeadersRead, hangs);
        response.EnsureSuccessStatusCode();
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(hangs));
        while (seen < Volatile.Read(ref _target) && await reader.ReadLineAsync(hangs) is { } line)
        {
            using var parsed = JsonDocument.Parse(line);
            var type = parsed.RootElement.GetProperty("type").GetString()!;
            if (type == "ERROR")
            {
                Note($"watch {line}");
                return seen;
            }

            var changed = Canonical(parsed.RootElement.GetProperty("object"));
            var kind =
                type switch { "ADDED" => ChangeKind.Added, "MODIFIED" => ChangeKind.Modified, _ => ChangeKind.Deleted };
            watch.Events.Add(new Change(kind, changed));
            seen = changed.Revision;
        }

        return seen;
    }

    private static ResourceObject Canonical(ReadOnlyMemory<byte> json)
    {
        using var document = JsonDocument.Parse(json);
        return Canonical(document.RootElement);
    }

    // Of each object what tells versions apart; the form differs between lists, events and answers.
    private static ResourceObject Canonical(JsonElement json)
    {
        var metadata = json.GetProperty("metadata");
        var key =
            new ObjectKey(metadata.GetProperty("namespace").GetString()!, metadata.GetProperty("name").GetString()!);
        var data = json.TryGetProperty("data", out var found) ? found.GetRawText() : "";
        return new ResourceObject(
            key, metadata.GetProperty("uid").GetString()!, RevisionOf(json), Encoding.UTF8.GetBytes(data));
    }

    private static long RevisionOf(JsonElement json) => long.Parse(
        json.GetProperty("metadata").GetProperty("resourceVersion").GetString()!, System.Globalization.CultureInfo.InvariantCulture);
}
