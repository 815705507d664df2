global using Microsoft.Playwright;
global using NUnit.Framework;

// One browser, a page of its own for each test, all in turn: what a page says must not depend on what else a host does.
[assembly: FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
