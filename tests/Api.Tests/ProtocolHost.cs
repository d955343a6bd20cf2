using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using OrleansOrchestrator.Api.Auth;
using OrleansOrchestrator.Api.Cache;
using OrleansOrchestrator.Api.Errors;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Logs.Search;
using OrleansOrchestrator.Resources;
using OrleansOrchestrator.TestKit;

namespace OrleansOrchestrator.Api.Tests;

/// <summary>
/// The API over HTTP on one silo with a journal store in memory. Everyone is admin, unless a test says otherwise.
/// Objects are written past the pipeline, straight to their grains: these tests are about reading.
/// </summary>
public sealed class ProtocolHost : IAsyncDisposable
{
    private readonly TestSilos _silos;
    private readonly WebApplication _app;

    private ProtocolHost(TestSilos silos, WebApplication app, HttpClient http) =>
        (_silos, _app, Http) = (silos, app, http);

    public HttpClient Http { get; }

    public TestSilos Silos => _silos;

    public ResourceCaches Caches => _silos.Caches;

    public IServiceProvider Services => _app.Services;

    public static async Task<ProtocolHost> StartAsync(
        TestSilosOptions? options = null, Action<IServiceCollection>? configure = null,
        IReadOnlyList<Regex>? origins = null)
    {
        var silos = await TestSilos.StartAsync(options ?? new TestSilosOptions());
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.AddSingleton(BuiltInResources.Table);
        builder.Services.AddSingleton(silos.Grains);
        builder.Services.AddSingleton(silos.Store);
        builder.Services.AddSingleton(silos.Caches);
        Share<ILogStore>(silos, builder.Services);
        Share<IDeletionLog>(silos, builder.Services);
        Share<IKeyChanges>(silos, builder.Services);
        configure?.Invoke(builder.Services);
        builder.Services.AddOrchestratorApi();
        builder.Services.TryAddSingleton<IAuthenticator, EverybodyIsAdmin>();
        var app = builder.Build();
        app.UseAnswerHeaders();
        app.UseCrossOrigin(origins ?? []);
        app.MapOrchestratorApi();
        await app.StartAsync();
        var address =
            app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
        return new ProtocolHost(silos, app, new HttpClient { BaseAddress = new Uri(address) });
    }

    /// <summary>Creates, or with a known revision replaces, a ConfigMap.</summary>
    public async Task<ResourceObject> PutAsync(ObjectKey key, string labels, string data = "{}", long expected = 0)
    {
        var uid = $"uid-{key.Namespace}-{key.Name}";
        const string Mark = "\"resourceVersion\":\"";
        var json =
            $"{{\"kind\":\"ConfigMap\",\"apiVersion\":\"v1\",\"metadata\":{{\"name\":\"{key.Name}\",\"namespace\":\"{key.Namespace}\"," +
            $"\"uid\":\"{uid}\",{Mark}\",\"labels\":{labels}}},\"data\":{data}}}";
        var outcome = await _silos.ObjectGrain(ConfigMaps, key).WriteAsync(
            new ObjectWrite
            {
                Kind = expected == 0 ? WriteKind.Create : WriteKind.Update,
                ExpectedRevision = expected,
                Uid = uid,
                Json = Encoding.UTF8.GetBytes(json),
                RevisionOffset = json.IndexOf(Mark, StringComparison.Ordinal) + Mark.Length,
            },
            CancellationToken.None);
        return outcome.Required;
    }

    public async Task<ResourceObject> DeleteAsync(ResourceObject current)
    {
        var outcome = await _silos.ObjectGrain(ConfigMaps, current.Key).WriteAsync(
            TestObjects.Delete(current), CancellationToken.None);
        return outcome.Required;
    }

    /// <summary>Gets a path as JSON.</summary>
    public async Task<JsonNode> GetJsonAsync(string path, string accept = "application/json")
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.TryAddWithoutValidation("Accept", accept);
        using var response = await Http.SendAsync(request);
        return JsonNode.Parse(await response.Content.ReadAsByteArrayAsync())!;
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await _app.DisposeAsync();
        await _silos.DisposeAsync();
    }

    public static readonly ResourceName ConfigMaps = new("", "configmaps");

    internal static string Text(long revision) => revision.ToString(CultureInfo.InvariantCulture);

    /// <summary>Gives the API what its silo has, where it has it.</summary>
    private static void Share<T>(TestSilos silos, IServiceCollection services)
        where T : class
    {
        if (silos.Services.GetService<T>() is { } shared)
        {
            services.AddSingleton(shared);
        }
    }

    private sealed class EverybodyIsAdmin : IAuthenticator
    {
        private static readonly UserIdentity Admin =
            new() { Name = "admin", Groups = ["system:masters", "system:authenticated"] };

        public ValueTask<UserIdentity?> AuthenticateAsync(HttpContext context) => new(Admin);
    }
}
