using System.Text;
using OrleansOrchestrator.Api.Figures;
using OrleansOrchestrator.Interfaces.Kernel;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.Figures;

public sealed class ScrapeTargetTests
{
    private const string Scrape = "\"prometheus.io/scrape\":\"true\"";

    [Theory]
    [InlineData(Scrape, "http://10.1.0.2:8080/metrics")]
    [InlineData(Scrape + ",\"prometheus.io/port\":\"9102\"", "http://10.1.0.2:9102/metrics")]
    [InlineData(Scrape + ",\"prometheus.io/path\":\"stats\"", "http://10.1.0.2:8080/stats")]
    [InlineData(Scrape + ",\"prometheus.io/path\":\"/a/b?c=d\"", "http://10.1.0.2:8080/a/b?c=d")]
    [InlineData(Scrape + ",\"prometheus.io/scheme\":\"https\"", "https://10.1.0.2:8080/metrics")]
    [InlineData(Scrape + ",\"prometheus.io/port\":\"web\"", null)]
    [InlineData(Scrape + ",\"prometheus.io/port\":\"0\"", null)]
    [InlineData("\"prometheus.io/scrape\":\"false\"", null)]
    [InlineData("\"prometheus.io/port\":\"9102\"", null)]
    public void Annotations_say_where(string annotations, string? address) =>
        Assert.Equal(address, ScrapeTarget.Of(Pod(annotations))?.Address.AbsoluteUri);

    [Theory]
    [InlineData("Pending", "10.1.0.2", null)]
    [InlineData("Succeeded", "10.1.0.2", null)]
    [InlineData("Running", "", null)]
    [InlineData("Running", "fd00::2", "http://[fd00::2]:8080/metrics")]
    public void Only_pods_that_run_and_have_an_address_are_asked(string phase, string ip, string? address) =>
        Assert.Equal(address, ScrapeTarget.Of(Pod(Scrape, phase, ip))?.Address.AbsoluteUri);

    [Theory]
    [InlineData("True", "", true)]
    [InlineData("False", "", false)]
    [InlineData("True", "\"deletionTimestamp\":\"2026-01-02T03:04:05Z\",", false)]
    public void Who_is_ready_and_stays_has_to_tell(string ready, string metadata, bool expected) => Assert.Equal(
        expected,
        ScrapeTarget.Of(Pod(Scrape, ready: ready, metadata: metadata))!.IsServing);

    [Fact]
    public void Without_a_port_there_is_nobody_to_ask() =>
        Assert.Null(ScrapeTarget.Of(Pod(Scrape, ports: "[{\"containerPort\":53,\"protocol\":\"UDP\"}]")));

    private static ResourceObject Pod(
        string annotations, string phase = "Running", string ip = "10.1.0.2", string metadata = "",
        string ready = "True",
        string ports = "[{\"containerPort\":53,\"protocol\":\"UDP\"},{\"containerPort\":8080}]") => new(
        new ObjectKey("shop", "p"), "u", 1, Encoding.UTF8.GetBytes($$"""
            {"kind":"Pod","apiVersion":"v1",
             "metadata":{"name":"p","namespace":"shop",{{metadata}}"annotations":{{{annotations}}}
             },
             "spec":{"containers":[{"name":"c","image":"x","ports":{{ports}}}]},
             "status":{"phase":"{{phase}}","podIP":"{{ip}}",
              "conditions":[{"type":"Ready","status":"{{ready}}"}]}
            }
            """));
}
