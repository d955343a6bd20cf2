using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansOrchestrator.Api.OpenApi;
using OrleansOrchestrator.Resources;
using OrleansOrchestrator.Resources.Kernel;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.OpenApi;

public sealed class ModelDocumentationTests
{
    [Theory]
    [InlineData("  One line  ", "One line")]
    [InlineData("\n  wrapped\n  here \n", "wrapped here")]
    [InlineData("first\n \n\n  second\r\nhalf", "first\n\nsecond half")]
    [InlineData("", "")]
    public void LinesBecomeParagraphs(string text, string expected) =>
        Assert.Equal(expected, ModelDocumentation.Unwrap(text));

    [Fact]
    public void OnlyTheAskedModelsAreRead()
    {
        const string Document = """
            <doc><members>
              <member name="M:k8s.Models.V1Pod.Create"><summary>no property</summary></member>
              <member name="T:k8s.Models.V1Pod"><summary> A <see cref="T:k8s.Models.V1Node"/>&apos;s work </summary></member>
              <member name="P:k8s.Models.V1Pod.Bare"><remarks>no summary</remarks></member>
              <member name="P:k8s.Models.V1Pod.Spec"><summary>a &lt; b</summary></member>
              <member name="P:k8s.Models.V1PodSpec.Os"><summary>not asked</summary></member>
            </members></doc>
            """;
        var path = Path.Combine(Directory.CreateTempSubdirectory().FullName, "models.xml");
        File.WriteAllText(path, Document);
        var texts = ModelDocumentation.Read(path, new HashSet<string> { "V1Pod" });
        File.Delete(path);
        Assert.Equal(new Dictionary<string, string> { ["V1Pod"] = "A V1Node's work", ["V1Pod.Spec"] = "a < b" }, texts);
    }

    [Fact]
    public void WithoutTheFileThereIsAWarning()
    {
        var log = new CountingLogger();
        var handler = new OpenApiHandler(
            new ResourceCatalog(BuiltInResources.Table), new NoRemoteVersions(), TimeProvider.System, log);
        var missing = Path.Combine(AppContext.BaseDirectory, "missing.xml");
        Assert.Empty(handler.ReadTexts(missing, new HashSet<string> { "V1Pod" }));
        Assert.Equal(1, log.Warnings);
    }

    [Fact]
    public void TextsAreNotKept()
    {
        var (documents, texts) = BuildAndLetGo();
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
        Assert.False(texts.IsAlive);
        GC.KeepAlive(documents);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static (OpenApiDocuments Documents, WeakReference Texts) BuildAndLetGo()
    {
        WeakReference? kept = null;
        var documents = OpenApiDocuments.Build(BuiltInResources.Table, models =>
        {
            var texts = ModelDocumentation.Read(ModelDocumentation.DefaultPath, models);
            kept = new WeakReference(texts);
            return texts;
        });
        return (documents, kept!);
    }

    private sealed class CountingLogger : ILogger<OpenApiHandler>
    {
        public int Warnings { get; private set; }

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => NullLogger.Instance.BeginScope(state);

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Warnings += logLevel == LogLevel.Warning ? 1 : 0;
    }
}
